/** A call on the live page: the facts of its log line, with the field names of the ledger in the admin API. */

import type { Entry } from '../../ledger/call-record.ts'
import { nanosToUsd } from '../../pricing/money.ts'

export type LiveCall = Omit<Entry, 'reqId' | 'costNanos' | 'savedNanos'> & {
  id: string
  /** Admission, or for a call that was refused its end; RFC 3339. */
  at: string
  costUsd: number
  savedUsd: number
  heldUsd: number
}

export function liveCall(entry: Entry, at: number, heldNanos: number): LiveCall {
  const { reqId, costNanos, savedNanos, ...facts } = entry
  return {
    id: reqId,
    at: new Date(at).toISOString(),
    ...facts,
    costUsd: nanosToUsd(costNanos),
    savedUsd: nanosToUsd(savedNanos),
    heldUsd: nanosToUsd(heldNanos),
  }
}

export interface Filter {
  /** A name or an id. */
  client?: string
  model?: string
  outcome?: string
}

/** The names are those of the ledger's queries. */
export function fits({ client, model, outcome }: Filter, call: LiveCall): boolean {
  return (
    (client === undefined || client === call.client || client === call.clientId) &&
    (model === undefined || model === call.model) &&
    (outcome === undefined || outcome === call.outcome)
  )
}
