/** One line a call, on standard output. No prompt, no answer, no key and no header value is ever among its facts. */

import fp from 'fastify-plugin'
import type { Outcome } from '../entry.ts'
import { nanosToUsd } from '../money.ts'

const LEVELS: Partial<Record<Outcome, 'warn' | 'error'>> = { upstream_error: 'warn', gateway_error: 'error' }

export default fp(
  async app => {
    app.onSettled(function logCall({ entry, trace }) {
      if (!entry) return
      const { clientId, teamId, costNanos, savedNanos, ...facts } = entry
      const saved = savedNanos > 0 ? { savedUsd: nanosToUsd(savedNanos) } : {}
      const place = trace ? { traceId: trace.traceId, spanId: trace.spanId } : {}
      app.log[LEVELS[entry.outcome] ?? 'info'](
        { ...facts, costUsd: nanosToUsd(costNanos), ...saved, ...place },
        'call',
      )
    })
  },
  { name: 'logging', dependencies: ['record'] },
)
