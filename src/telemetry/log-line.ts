/** Writes the log line of a call. It leaves out internal ids, which the ledger has; money is in US dollars. */

import type { FastifyBaseLogger } from 'fastify'
import type { Entry, Outcome } from '../ledger/call-record.ts'
import { nanosToUsd } from '../pricing/money.ts'
import type { Trace } from './traces/context.ts'

const LEVELS: Partial<Record<Outcome, 'warn' | 'error'>> = {
  upstream_error: 'warn',
  gateway_error: 'error',
  lost: 'error',
}

/** The facts of a call; only some are known of a call that was lost with its replica. */
export type KnownFacts = Partial<Entry> & Pick<Entry, 'reqId' | 'outcome' | 'costNanos'>

/** Fields without a value are not in the line. */
export function logLine(log: FastifyBaseLogger, entry: KnownFacts, trace?: Trace): void {
  const { costNanos, savedNanos } = entry
  log[LEVELS[entry.outcome] ?? 'info'](
    {
      ...entry,
      clientId: undefined,
      teamId: undefined,
      costNanos: undefined,
      savedNanos: undefined,
      costUsd: nanosToUsd(costNanos),
      savedUsd: savedNanos ? nanosToUsd(savedNanos) : undefined,
      traceId: trace?.traceId,
      spanId: trace?.spanId,
    },
    'call',
  )
}
