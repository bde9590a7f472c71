/** Writes the log line of a call. It leaves out internal ids, which the ledger has; money is in US dollars. */

import type { FastifyBaseLogger } from 'fastify'
import type { Entry, Outcome } from '../ledger/call-record.ts'
import { nanosToUsd } from '../pricing/money.ts'

const LEVELS: Partial<Record<Outcome, 'warn' | 'error'>> = {
  upstream_error: 'warn',
  gateway_error: 'error',
  lost: 'error',
}

/** The facts of a call; only some are known of a call that was lost with its replica. */
export type KnownFacts = Partial<Entry> & Pick<Entry, 'reqId' | 'outcome' | 'costNanos'>

/** `more`: the ids of its trace and span. */
export function logLine(log: FastifyBaseLogger, entry: KnownFacts, more: object = {}): void {
  const { clientId, teamId, costNanos, savedNanos = 0, ...facts } = entry
  const saved = savedNanos > 0 ? { savedUsd: nanosToUsd(savedNanos) } : {}
  log[LEVELS[entry.outcome] ?? 'info'](
    { ...facts, costUsd: nanosToUsd(costNanos), ...saved, ...more },
    'call',
  )
}
