/** Ids of a call's ledger entries: one for each charged attempt. The first has the call's id `x`, the others `x~2`, `x~3`, … */

/** A route allows at most 10 retries. */
const MOST = 11

/** `number`: of the charged attempt, from 1. */
export function attemptId(id: string, number: number): string {
  return number === 1 ? id : `${id}~${number}`
}

/** The id of the call that the entry with this id belongs to. */
export function callIdOf(id: string): string {
  return id.replace(/~\d+$/, '')
}

/** The ids of all entries that the call may have. */
export function attemptIds(id: string): string[] {
  const call = callIdOf(id)
  return Array.from({ length: MOST }, (_, i) => attemptId(call, i + 1))
}
