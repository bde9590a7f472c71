/** The health of an upstream in one word, as this replica has seen it. */

import type { CircuitState } from './circuits.ts'
import { circuitsOf, type Upstream } from './upstream.ts'

export type Health = 'ok' | 'degraded' | 'down'

/** Failures in a row that mean down. The only target of a model has no circuit for them. */
const MOST_FAILURES = 5

/**
 * down: the last five attempts failed; or failures or the refusals of all its keys keep calls of a model away, and it has
 * accepted no call of any model since. degraded: any other circuit is not closed. ok: all circuits are closed. A rate limit
 * never means down, because the upstream accepts the key.
 */
export function healthOf(upstream: Upstream): Health {
  if (upstream.failuresInRow >= MOST_FAILURES) return 'down'
  const notClosed = circuitsOf(upstream).filter(isNotClosed)
  if (notClosed.length === 0) return 'ok'
  const models = [...new Set(notClosed.map(({ model }) => model))]
  return models.some(model => isAway(upstream, model)) ? 'down' : 'degraded'
}

/** The number of keys that are refused or limited now for any model. */
export function keysSetAside({ keys }: Pick<Upstream, 'keys'>): number {
  return keys.filter(({ circuits }) => circuits.states().some(isNotClosed)).length
}

function isAway({ circuits, keys, acceptedAt }: Upstream, model: string): boolean {
  const fails = (state: CircuitState) =>
    isNotClosed(state) &&
    state.trouble?.refused.code !== 'upstream_rate_limited' &&
    (state.trouble?.since.getTime() ?? 0) >= acceptedAt
  return fails(circuits.state(model)) || keys.every(key => fails(key.circuits.state(model)))
}

function isNotClosed({ state }: CircuitState): boolean {
  return state !== 'closed'
}
