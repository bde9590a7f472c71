/** Logs one line for each call. It contains no prompt, no response, no key and no header value. */

import fp from 'fastify-plugin'
import { logLine } from '../telemetry/log-line.ts'

export default fp(
  async app => {
    app.onCallEnd('observe', function logCall({ entry, trace }) {
      if (entry) logLine(app.log, entry, trace)
    })
  },
  { name: 'logging', dependencies: ['lifecycle', 'record'], decorators: { fastify: ['onCallEnd'] } },
)
