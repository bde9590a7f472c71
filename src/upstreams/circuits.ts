/**
 * The circuits of one upstream or of one of its keys, one per model. While a circuit is open, its upstream or key gets no
 * call of the model; then one call at a time probes. A failed probe doubles the wait; the first accepted call closes the
 * circuit. A refusal of the gateway's key or account opens it at once, since the next call would be refused too; a rate
 * limit opens it for the provider's own wait; other failures open it if there are several in a row, or many in a short
 * time.
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
  /** Failures in a row that open a circuit. */
  mostFailures?: number
  /** A circuit also opens if half of the calls of a period (ms) fail, and these are at least `leastCalls`. */
  periodMs?: number
  leastCalls?: number
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
  /** The key or account was refused. Returns for how many milliseconds the circuit opened; undefined: it did not. */
  refused(model: string, pass: number, refused: Refusal): number | undefined
  /** The provider limits the gateway for `ms`. */
  limited(model: string, pass: number, limited: Refusal, ms: number): void
  /** The call failed for another reason. Returns for how many milliseconds the circuit opened; undefined: it did not. */
  failed(model: string, pass: number, failed: Refusal): number | undefined
  /** The provider accepted the call. Returns whether that closed the circuit. */
  accepted(model: string, pass: number): boolean
  /** The call has ended, or its caller has left. If it was the probe, another call may probe. */
  leave(model: string, pass: number): void
  /** The key was replaced: all circuits close, and results of calls with the old key are ignored. */
  reset(): void
  /** The circuit of one model; closed if it never opened. */
  state(model: string): CircuitState
  /** Milliseconds until the circuit would let a call pass; it takes no pass. */
  retryMs(model: string): number
  /** The circuits that have opened since the start. */
  states(): CircuitState[]
}

interface Circuit {
  /** Results of calls with a lower number are ignored. */
  validFrom: number
  openings: number
  open: Open | undefined
  failuresInRow: number
  /** The present period: its start on the monotonic clock, its calls, and those that failed. */
  since: number
  calls: number
  failures: number
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
  mostFailures = 5,
  periodMs = 10_000,
  leastCalls = 20,
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

  function madeFor(model: string): Circuit {
    const known = circuitOf(model)
    if (known) return known
    const none = { failuresInRow: 0, since: now(), calls: 0, failures: 0 }
    const circuit: Circuit = { validFrom, openings: 0, open: undefined, ...none }
    circuits.set(model, circuit)
    return circuit
  }

  function open(circuit: Circuit, refused: Refusal, openMs: number, waitMs = openMs) {
    const since = circuit.open?.since ?? new Date()
    circuit.open = { since, refused, openMs, probeAt: now() + waitMs, probe: undefined }
    circuit.validFrom = ++numbers
    circuit.openings++
  }

  function openLonger(circuit: Circuit, refused: Refusal): number {
    const openMs = circuit.open ? Math.min(circuit.open.openMs * 2, longestOpenMs) : firstOpenMs
    open(circuit, refused, openMs)
    return openMs
  }

  /** Counts a call of a closed circuit. */
  function count(circuit: Circuit, isFailure: boolean) {
    if (now() - circuit.since > periodMs) Object.assign(circuit, { since: now(), calls: 0, failures: 0 })
    circuit.calls++
    circuit.failures += Number(isFailure)
    circuit.failuresInRow = isFailure ? circuit.failuresInRow + 1 : 0
  }

  function close(circuit: Circuit) {
    circuit.open = undefined
    circuit.failuresInRow = circuit.calls = circuit.failures = 0
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
      const circuit = madeFor(model)
      return pass < circuit.validFrom ? undefined : openLonger(circuit, refused)
    },
    limited(model, pass, limited, ms) {
      const circuit = madeFor(model)
      if (pass >= circuit.validFrom) open(circuit, limited, firstOpenMs, ms)
    },
    failed(model, pass, failed) {
      const circuit = madeFor(model)
      if (pass < circuit.validFrom) return undefined
      if (circuit.open) return openLonger(circuit, failed)
      count(circuit, true)
      const { calls, failures, failuresInRow } = circuit
      const isFailing = failuresInRow >= mostFailures || (calls >= leastCalls && failures * 2 >= calls)
      return isFailing ? openLonger(circuit, failed) : undefined
    },
    accepted(model, pass) {
      const circuit = circuitOf(model)
      if (!circuit || pass < circuit.validFrom) return false
      if (!circuit.open) {
        count(circuit, false)
        return false
      }
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
    retryMs(model) {
      const circuit = circuitOf(model)
      return circuit?.open ? retryMsOf(circuit.open) : 0
    },
    state: model => stateOf(model, circuitOf(model)),
    states: () =>
      [...circuits.keys()]
        .map(model => stateOf(model, circuitOf(model)))
        .filter(({ openings }) => openings > 0),
  }
}
