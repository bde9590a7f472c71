/** One line a call, on standard output. No prompt, no answer, no key and no header value is ever among its facts. */

import fp from 'fastify-plugin'
import { logLine } from '../telemetry/log-line.ts'

export default fp(
  async app => {
    app.onCallEnd('observe', function logCall({ entry, trace }) {
      if (entry) logLine(app.log, entry, trace && { traceId: trace.traceId, spanId: trace.spanId })
    })
  },
  { name: 'logging', dependencies: ['lifecycle', 'record'] },
)
