/**
 * Calls as a storm of agents makes them: of any size, streamed or not, to a provider that fails now and then, by callers
 * who sometimes leave. Each call holds an amount that no other holds, so that a row of the ledger identifies its call, even
 * if the caller never got its id.
 */

import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from './random.ts'

export interface Call {
  number: number
  client: string
  stream: boolean
  body: string
  /**
   * Nano-dollars: what it may cost by the bytes of its prompt, and by the provider's own count of them. Written out here
   * once more, by claude-haiku-4-5's prices of $1 and $5 for a million tokens: a bound that is off is found.
   */
  holds: { bytes: number; counted: number }
  /** The caller leaves after so many milliseconds, or with the stream's first bytes. */
  leaves: { afterMs: number } | 'reading' | undefined
}

const IN = 1000
const OUT = 5000
const PER_MESSAGE = 32
const MARGIN = 1.05

/** What the provider does, and whether the caller streams and stays, each with its share of the calls. */
export type Kinds = readonly (readonly [share: number, Kind])[]
type Kind = (random: Random) => { stream?: boolean; scenario: string; leaves?: Call['leaves'] }

/** Only calls of callers who stay, to a provider that responds. */
export const PEACEFUL: Kinds = [
  [34, random => ({ scenario: `delay ${random.between(0, 150)}ms` })],
  [
    26,
    random => ({
      stream: true,
      scenario: `slow-stream ${random.between(3, 20)} chunks ${random.between(5, 40)}ms`,
    }),
  ],
]

const ALL: Kinds = [
  ...PEACEFUL,
  [
    7,
    random => ({
      scenario: `delay ${random.between(100, 300)}ms`,
      leaves: { afterMs: random.between(10, 120) },
    }),
  ],
  [
    10,
    random => ({
      stream: true,
      scenario: `slow-stream ${random.between(5, 20)} chunks 30ms`,
      leaves: 'reading',
    }),
  ],
  [4, random => ({ stream: true, scenario: 'delay 400ms', leaves: { afterMs: random.between(50, 200) } })],
  [8, random => ({ stream: random.chance(0.5), scenario: `status ${random.pick([500, 503, 529, 429])}` })],
  [6, random => ({ stream: true, scenario: `slow-stream 9 chunks 5ms, die after ${random.between(0, 8)}` })],
  [3, () => ({ scenario: 'die' })],
  [2, random => ({ stream: random.chance(0.5), scenario: 'reset' })],
]

export interface Draw {
  random: Random
  clients: readonly string[]
  count: number
  kinds?: Kinds
}

export function drawCalls({ random, clients, count, kinds = ALL }: Draw): Call[] {
  const taken = new Set<number>()
  const calls: Call[] = []
  while (calls.length < count) {
    const call = drawCall(calls.length, random, clients, kinds)
    const { bytes, counted } = call.holds
    if (taken.has(bytes) || taken.has(counted)) continue
    taken.add(bytes).add(counted)
    calls.push(call)
  }
  return calls
}

function drawCall(number: number, random: Random, clients: readonly string[], kinds: Kinds): Call {
  const { stream = false, scenario, leaves } = drawKind(random, kinds)(random)
  const ceiling = random.between(10, 1500)
  const words = random.between(200, 4000)
  const input = random.between(Math.ceil(words / 8), Math.ceil(words / 3))
  const output = random.between(1, ceiling)
  const prompt = `call ${number}: [[scenario: usage ${input} in ${output} out, ${scenario}]]`
  const body = JSON.stringify({
    model: 'claude-haiku-4-5',
    max_tokens: ceiling,
    stream,
    messages: [{ role: 'user', content: 'x'.repeat(words) + prompt }],
  })
  const most = (tokens: number) => tokens * IN + ceiling * OUT
  const holds = { bytes: most(body.length + PER_MESSAGE), counted: most(Math.ceil(input * MARGIN)) }
  return { number, client: random.pick(clients), stream, body, holds, leaves }
}

/** As many tickets as shares. */
function drawKind(random: Random, kinds: Kinds): Kind {
  return random.pick(kinds.flatMap(([share, kind]) => Array.from({ length: share }, () => kind)))
}

/** The call that a provider's request belongs to. */
export function numberIn(body: { toString(): string }): number {
  return Number(/call (\d+):/.exec(body.toString())?.[1])
}

/** The numbers of a refusal, as the caller gets them. */
export interface Details {
  error_code?: string
  scope?: string
  window?: 'day' | 'month'
  limit_usd?: number
  spent_usd?: number
  held_usd?: number
  max_tokens_that_fit?: number
}

export interface Attempt {
  call: Call
  /** Undefined: the caller left, or no gateway responded. */
  status: number | undefined
  id: string | undefined
  details: Details
  /** The response was complete. */
  whole: boolean
  /** By this machine's clock, milliseconds since 1970. */
  from: number
  to: number
}

/** One attempt. A caller who leaves, or is left, is no error. */
export async function attempt(url: string, key: string, call: Call): Promise<Attempt> {
  const leaving = new AbortController()
  const made: Attempt = {
    call,
    status: undefined,
    id: undefined,
    details: {},
    whole: false,
    from: Date.now(),
    to: 0,
  }
  if (typeof call.leaves === 'object') setTimeout(() => leaving.abort(), call.leaves.afterMs)
  try {
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      signal: leaving.signal,
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': key },
      body: call.body,
    })
    made.status = response.status
    made.id = response.headers.get('request-id') ?? undefined
    if (call.leaves === 'reading' && response.ok) {
      await response.body?.getReader().read()
      leaving.abort()
    }
    const text = await response.text()
    made.whole = true
    if (response.status >= 400) made.details = JSON.parse(text).error?.details ?? {}
  } catch {
    // The caller left, or the response broke off.
  }
  made.to = Date.now()
  return made
}

export interface Callers {
  random: Random
  /** Where the next attempt goes; undefined: no gateway runs now. */
  url(call: Call): string | undefined
  keys: ReadonlyMap<string, string>
  /** A caller waits as long as a refusal requests, and gives up after so many attempts. */
  patience?: { everyMs: number; attempts: number }
}

/** Temporary refusals. */
const LATER = ['budget_in_flight', 'rate_limited', 'unavailable', 'overloaded']
export const isPutOff = ({ details }: Attempt) => LATER.includes(details.error_code ?? '')

/** One caller: retries as long as the refusal is temporary. */
export async function insist(callers: Callers, call: Call): Promise<Attempt[]> {
  const { random, url, keys, patience = { everyMs: 500, attempts: 200 } } = callers
  const attempts: Attempt[] = []
  for (let i = 0; i < patience.attempts; i++) {
    const target = url(call)
    if (target !== undefined) {
      const made = await attempt(target, keys.get(call.client)!, call)
      attempts.push(made)
      if (!isPutOff(made)) break
    }
    await wait(random.between(patience.everyMs / 2, patience.everyMs))
  }
  return attempts
}

/** So many callers at once, each with its next call as soon as its last one is over. */
export async function press(callers: Callers, calls: readonly Call[], atOnce: number): Promise<Attempt[]> {
  const waiting = [...calls]
  const attempts: Attempt[] = []
  async function keepCalling() {
    for (let call = waiting.shift(); call; call = waiting.shift()) {
      attempts.push(...(await insist(callers, call)))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, keepCalling))
  return attempts
}
