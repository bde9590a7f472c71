/**
 * The circuits of one upstream, one per model. A provider that refuses our key or account refuses the next call too, so
 * a refusal opens the circuit: calls fail fast for a while, then one call at a time probes. A refused probe doubles the
 * wait; the first accepted call closes the circuit.
 *
 * Only calls that started in the circuit's current state change it. If 300 calls in flight are all refused, the first
 * result opens the circuit and the others are ignored, since they are no newer. Each replica has its own circuits.
 */

import type { Refusal } from '../errors.ts'

export interface CircuitOptions {
  /** Short, since providers sometimes answer a single 401 without a lasting cause. */
  firstOpenMs?: number
  longestOpenMs?: number
  /** Providers refuse a key quickly. While a probe takes longer than this, other calls pass too. */
  probeMs?: number
  /** A circuit that no call has probed for this time counts as closed. */
  forgetMs?: number
  /** Monotonic, milliseconds. */
  now?: () => number
}

/** half_open: the next call probes, a probe is running, or calls pass because the probe takes long. */
export const CIRCUIT_STATES = ['closed', 'open', 'half_open'] as const

export interface CircuitState {
  model: string
  state: (typeof CIRCUIT_STATES)[number]
  /** Since the start of this replica. */
  openings: number
  /** Set while the circuit is not closed. */
  trouble?: {
    since: Date
    refused: Refusal
    /** Milliseconds until a call may be let through. */
    retryMs: number
  }
}

/** Whether a call may pass, with its number, or is refused. */
export type Entry = { pass: number } | { refused: Refusal; retryMs: number }

export interface Circuits {
  enter(model: string): Entry
  /** The provider refused our key or account. Returns for how many milliseconds the circuit opened; undefined: it did not. */
  refused(model: string, pass: number, refused: Refusal): number | undefined
  /** The provider accepted our key. Returns whether that closed the circuit. */
  accepted(model: string, pass: number): boolean
  /** The call has ended, or its caller has left. If it was the probe, another call may probe. */
  leave(model: string, pass: number): void
  /** The key was replaced: all circuits close, and results of calls with the old key are ignored. */
  reset(): void
  /** The circuit of one model; closed if it never opened. */
  state(model: string): CircuitState
  /** The circuits of all models that were refused since the start. */
  states(): CircuitState[]
}

interface Circuit {
  /** Results of calls with a lower number are ignored. */
  validFrom: number
  openings: number
  open: Open | undefined
}

interface Open {
  since: Date
  refused: Refusal
  openMs: number
  /** On the monotonic clock. */
  probeAt: number
  probe: { pass: number; since: number } | undefined
}

/** The wait of other calls while a probe runs. */
const RETRY_MS = 1000

export function createCircuits({
  firstOpenMs = 1000,
  longestOpenMs = 60_000,
  probeMs = 2000,
  forgetMs = 3_600_000,
  now = () => performance.now(),
}: CircuitOptions = {}): Circuits {
  const circuits = new Map<string, Circuit>()
  let numbers = 0
  let validFrom = 0

  function circuitOf(model: string): Circuit | undefined {
    const circuit = circuits.get(model)
    if (circuit?.open && now() - circuit.open.probeAt > forgetMs) close(circuit)
    return circuit
  }

  function close(circuit: Circuit) {
    circuit.open = undefined
    circuit.validFrom = ++numbers
  }

  function retryMsOf({ probe, probeAt }: Open): number {
    const at = now()
    if (at < probeAt) return probeAt - at
    return probe && at - probe.since < probeMs ? RETRY_MS : 0
  }

  function stateOf(model: string, circuit: Circuit | undefined): CircuitState {
    const { openings = 0, open } = circuit ?? {}
    if (!open) return { model, state: 'closed', openings }
    const { since, refused, probeAt } = open
    const state = now() < probeAt ? 'open' : 'half_open'
    return { model, state, openings, trouble: { since, refused, retryMs: retryMsOf(open) } }
  }

  return {
    enter(model) {
      const circuit = circuitOf(model)
      if (!circuit?.open) return { pass: circuit?.validFrom ?? validFrom }
      const { open } = circuit
      const retryMs = retryMsOf(open)
      if (retryMs > 0) return { refused: open.refused, retryMs }
      if (open.probe) return { pass: circuit.validFrom }
      open.probe = { pass: ++numbers, since: now() }
      return { pass: open.probe.pass }
    },
    refused(model, pass, refused) {
      const circuit = circuitOf(model) ?? { validFrom, openings: 0, open: undefined }
      if (pass < circuit.validFrom) return undefined
      const openMs = circuit.open ? Math.min(circuit.open.openMs * 2, longestOpenMs) : firstOpenMs
      const since = circuit.open?.since ?? new Date()
      circuit.open = { since, refused, openMs, probeAt: now() + openMs, probe: undefined }
      circuit.validFrom = ++numbers
      circuit.openings++
      circuits.set(model, circuit)
      return openMs
    },
    accepted(model, pass) {
      const circuit = circuitOf(model)
      if (!circuit?.open || pass < circuit.validFrom) return false
      close(circuit)
      return true
    },
    leave(model, pass) {
      const open = circuits.get(model)?.open
      if (open?.probe?.pass === pass) open.probe = undefined
    },
    reset() {
      validFrom = ++numbers
      for (const circuit of circuits.values()) close(circuit)
    },
    state: model => stateOf(model, circuitOf(model)),
    states: () => [...circuits.keys()].map(model => stateOf(model, circuitOf(model))),
  }
}
