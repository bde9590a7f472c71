/** A client's rate limits, as the limit headers of a format report them. */

export interface Limit {
  limit: number
  /** A bucket may be in debt and may hold fractions. */
  remaining: number
  resetMs: number
}

export interface LimitState {
  requests?: Limit
  tokens?: Limit
}

/** The limits that are set, each with `remaining` as a whole number of at least 0. */
export function limitsIn(state: LimitState): (Limit & { name: 'requests' | 'tokens' })[] {
  return (['requests', 'tokens'] as const).flatMap(name => {
    const found = state[name]
    return found ? [{ name, ...found, remaining: Math.max(0, Math.floor(found.remaining)) }] : []
  })
}
