/** The keys of one upstream. A key that the provider refuses or limits is set aside, while calls use the others. */

import type { Refusal } from '../errors.ts'
import { type Circuits, createCircuits } from './circuits.ts'

export interface Key {
  /** The secret in force now; empty for an upstream without a key. */
  secret(): string
  circuits: Circuits
  /** Attempts that use it now. */
  running: number
  /** Sequence number of its last choice; 0: never. */
  usedAt: number
}

/** A key, and the pass of its circuit; or why no key can be used, and for how many milliseconds. */
export type KeyChoice = { key: Key; pass: number } | { refused: Refusal; retryMs: number }

/** An upstream without keys, such as a self-hosted server, has one empty key. */
export function createKeys(secrets: readonly (() => string | undefined)[]): Key[] {
  const given = secrets.length > 0 ? secrets : [() => '']
  return given.map(secret => ({
    secret: () => secret() ?? '',
    circuits: createCircuits(),
    running: 0,
    usedAt: 0,
  }))
}

let uses = 0

/**
 * Chooses the key with the fewest running attempts among those that are not set aside for the model, and among these the one
 * that was not chosen for longest. This also probes a key that was refused while others work.
 */
export function chooseKey(keys: readonly Key[], model: string): KeyChoice {
  const [only] = keys
  const sorted =
    keys.length === 1 ? keys : keys.toSorted((a, b) => a.running - b.running || a.usedAt - b.usedAt)
  let soonest: Extract<KeyChoice, { refused: Refusal }> | undefined
  for (const key of sorted) {
    const entry = key.circuits.enter(model)
    if ('pass' in entry) {
      key.usedAt = ++uses
      return { key, pass: entry.pass }
    }
    if (!soonest || entry.retryMs < soonest.retryMs) soonest = entry
  }
  return soonest ?? { key: only!, pass: 0 }
}

/** A key for a call that takes no pass: one that is not set aside for the model, if there is one. */
export function openKey(keys: readonly Key[], model: string): Key {
  return keys.find(({ circuits }) => circuits.retryMs(model) === 0) ?? keys[0]!
}
