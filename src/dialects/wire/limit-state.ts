/** The rate limits of a client, and their headers in the names and the units of a format. */

export interface Limit {
  limit: number
  /** May be negative (debt) or a fraction. */
  remaining: number
  resetMs: number
}

const kinds = ['requests', 'tokens'] as const
type Kind = (typeof kinds)[number]

export type LimitState = Partial<Record<Kind, Limit>>

/** The names of the headers of one limit. */
export type LimitNames = Record<keyof Limit, string>

export function limitNames(nameOf: (kind: Kind) => LimitNames): Record<Kind, LimitNames> {
  return { requests: nameOf('requests'), tokens: nameOf('tokens') }
}

/** The headers of the limits that are set, with `remaining` as an integer of at least 0. */
export function headersOf(
  state: LimitState,
  names: Record<Kind, LimitNames>,
  writeReset: (resetMs: number) => string,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const kind of kinds) {
    const found = state[kind]
    if (!found) continue
    const name = names[kind]
    headers[name.limit] = String(found.limit)
    headers[name.remaining] = String(Math.max(0, Math.floor(found.remaining)))
    headers[name.resetMs] = writeReset(found.resetMs)
  }
  return headers
}
