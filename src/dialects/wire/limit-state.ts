/** The rate limits of a client, for the limit headers of a format. */

export interface Limit {
  limit: number
  /** May be negative (debt) or a fraction. */
  remaining: number
  resetMs: number
}

export interface LimitState {
  requests?: Limit
  tokens?: Limit
}

/** The limits that are set, each with `remaining` as an integer of at least 0. */
export function limitsIn(state: LimitState): (Limit & { name: 'requests' | 'tokens' })[] {
  return (['requests', 'tokens'] as const).flatMap(name => {
    const found = state[name]
    return found ? [{ name, ...found, remaining: Math.max(0, Math.floor(found.remaining)) }] : []
  })
}
