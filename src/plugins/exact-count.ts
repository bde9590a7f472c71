/**
 * The exact token count. A prompt's bytes are a safe bound on its tokens, but several times too high. If a budget refuses
 * a call only because of this bound, the gateway asks the provider's token counter before it refuses.
 */

import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { TokenCounter } from '../dialects/dialect.ts'
import { dialects } from '../dialects/index.ts'
import { withTexts } from '../dialects/wire/long-texts.ts'
import { lru } from '../lru.ts'
import type { Bucket } from '../lua/bucket.ts'
import { type BucketState, type ScopeState, UNLIMITED } from '../lua/types.ts'
import { isLarge, nextTurn } from '../requests/turns.ts'
import { send } from '../upstreams/connection.ts'
import { codingsIn, decoded } from '../upstreams/encodings.ts'
import { upstreamHeaders } from '../upstreams/headers.ts'
import { openKey } from '../upstreams/keys.ts'
import { collectError } from '../upstreams/sinks.ts'
import { editsOf } from '../upstreams/types.ts'
import { pathAt } from '../upstreams/upstream.ts'
import { highestBound, neededNanos } from './bounds.ts'
import { availableFirst, type Target } from './models.ts'
import type { CallReservation, Refused } from './reservations.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Counts exactly, if that can help. 'counted': the bound is tighter, so the admission should be tried again. Else
     * the refusal to answer with: the given one, or that of a limit which refuses the count itself.
     */
    countExactly(request: FastifyRequest, refused: Refused): Promise<'counted' | Refused>
  }
  interface FastifyRequest {
    /** The source of the exact count, if one was needed. */
    countFrom: 'provider' | 'memory' | undefined
    /** Input tokens by the provider's own count for one model, where it was asked: a tighter bound than the request's bytes. */
    counted: { model: string; input: number } | undefined
  }
}

/** Milliseconds. Short, because the caller waits. */
const PATIENCE = 5000
/** Concurrent counts, in all and of one client. Each keeps a second copy of its prompt in memory. */
const AT_ONCE = { all: 16, client: 8 }
/** The provider documents its count as an estimate. */
const MARGIN = 1.05
/** Milliseconds for which an upstream without a counter for a model is not asked again. */
const WITHOUT = 600_000
/** The upstream has no such route, or not for this model. */
const NOT_THERE = [404, 405, 501]
/** Counts that are cached, by the digest of the count request. */
const REMEMBERED = { most: 10_000, ttl: 300_000 }
/** After this many counts in a row without an admission, a client waits before the next count; the wait doubles. */
const FRUITLESS = 3
const BACKOFF = { first: 1000, longest: 300_000 }
const CLIENTS = { most: 10_000, ttl: 1_800_000 }
/** Milliseconds; the assumed time until a running call ends. */
const WAIT_FOR_A_CALL = 1000

/** A count to ask for at a target. `key` is the digest of all that it depends on. */
interface Question {
  target: Target
  counter: TokenCounter
  path: string
  body: Buffer
  key: string
}

/** The counts of one client. */
interface Asker {
  underway: number
  /** Consecutive counts that were followed by a refusal. */
  fruitless: number
  /** No count is requested before this time (monotonic clock). */
  until: number
}

export default fp(
  async app => {
    const without = new Map<string, number>()
    const counts = lru<Promise<number>>(REMEMBERED.most, REMEMBERED.ttl)
    const askers = lru<Asker>(CLIENTS.most, CLIENTS.ttl)
    let underway = 0
    app.decorateRequest('countFrom')
    app.decorateRequest('counted')

    app.decorate('countExactly', async (request, refused) => {
      const { call, reservation } = request
      const target = availableFirst(request.targets)[0]!
      const { counter } = call.dialect
      // One count a call: if it failed, the refusal stands.
      if (
        counter?.maker !== target.price.maker ||
        request.countFrom !== undefined ||
        refused.verdict === undefined
      )
        return refused
      if (performance.now() < (without.get(nameOf(target)) ?? 0)) return refused
      const { body, rawBody, bodyScan } = request
      const question = counter.question(withTexts(body, rawBody, bodyScan.texts), call.parsed)
      const sent = question && countRequest(request, target, counter, question)
      if (!question || !sent) return refused
      if (isLarge(question)) await nextTurn()
      const key = digestOf(request, target, question)
      // A count in memory is free. A new one must help: to admit the call, or to name the output limit that fits.
      if (!counts.has(key)) {
        const input = call.parsed.inputGuess
        if (!wouldFit(highestBound(request, { input, output: 1 }), refused)) return refused
        const slower = tooFast(reservation, refused)
        const fitsAsAsked = wouldFit(neededNanos(request, performance.now(), input), refused)
        if (slower) return fitsAsAsked ? slower : refused
        if (!mayAsk(request.client.id)) return refused
      }
      const tokens = await countOf(request, { target, counter, key, ...sent })
      if (tokens === undefined) return refused
      request.counted = { model: target.price.model, input: Math.ceil(tokens * MARGIN) }
      app.reserve(request)
      return request.reservation.nanos < reservation.nanos ? 'counted' : refused
    })

    app.onAdmission(function learnFromAdmission({ request }, admitted) {
      if (request.countFrom !== 'provider') return
      if (admitted.kind === 'refused') recordFruitless(request.client.id)
      else askers.delete(request.client.id)
    })

    /** Concurrent calls with the same body share one count. */
    async function countOf(request: FastifyRequest, asked: Question): Promise<number | undefined> {
      const { key } = asked
      const known = counts.get(key)
      request.countFrom = known ? 'memory' : 'provider'
      const count = known ?? askFor(request, asked)
      if (!known) counts.set(key, count)
      try {
        const tokens = await count
        if (!known && request.disconnected) recordFruitless(request.client.id)
        return tokens
      } catch (error) {
        if (counts.get(key) === count) counts.delete(key)
        app.log.debug({ err: error, reqId: request.id }, 'no exact token count')
        return undefined
      }
    }

    async function askFor(request: FastifyRequest, { counter, target, ...sent }: Question): Promise<number> {
      const asker = askerOf(request.client.id)
      underway++
      asker.underway++
      try {
        // The gateway's own counts are the client's as well: they share its limit.
        if ((await app.chargeCount(request.client)) > 0)
          throw new Error('the client has no more token counts')
        const { status, body } = await ask(request, target, sent)
        if (NOT_THERE.includes(status)) without.set(nameOf(target), performance.now() + WITHOUT)
        const tokens = status === 200 ? counter.tokens(body) : undefined
        if (tokens === undefined) throw new Error(`the provider answered ${status}`)
        return tokens
      } finally {
        underway--
        asker.underway--
      }
    }

    function askerOf(clientId: string): Asker {
      const found = askers.get(clientId) ?? { underway: 0, fruitless: 0, until: 0 }
      askers.set(clientId, found)
      return found
    }

    function mayAsk(clientId: string): boolean {
      const { underway: own, until } = askerOf(clientId)
      return underway < AT_ONCE.all && own < AT_ONCE.client && performance.now() >= until
    }

    function recordFruitless(clientId: string) {
      const asker = askerOf(clientId)
      asker.fruitless++
      if (asker.fruitless < FRUITLESS) return
      const wait = Math.min(BACKOFF.first * 2 ** (asker.fruitless - FRUITLESS), BACKOFF.longest)
      asker.until = performance.now() + wait
    }
  },
  {
    name: 'exact-count',
    dependencies: ['auth', 'call', 'count-limit', 'lifecycle', 'models', 'reservations'],
    decorators: {
      fastify: ['chargeCount', 'onAdmission', 'reserve'],
      request: ['bodyScan', 'call', 'client', 'disconnected', 'rawBody', 'reservation', 'targets'],
    },
  },
)

/** The request of a count; undefined: the upstream has no counter. */
function countRequest(
  { call }: FastifyRequest,
  { upstream, candidate }: Target,
  counter: TokenCounter,
  question: Buffer,
) {
  const target = counter.target(call.target)
  const counting = dialects.find(({ path }) => path === target.split('?', 1)[0])
  const path = counting && pathAt(upstream, counting, { target, model: candidate.theirs, stream: false })
  if (!counting || path === undefined) return undefined
  const edits = editsOf(upstream.type, counting.name, candidate.sentModel)
  return { path, body: counting.rewrite(question, edits) }
}

/** Of one upstream and model. */
function nameOf({ upstream, price }: Target): string {
  return `${upstream.name}/${price.model}`
}

/** Digest of everything that the count depends on; the output limit is not part of it. */
function digestOf(request: FastifyRequest, target: Target, question: Buffer): string {
  const { call, headers } = request
  const sent = call.dialect.requestHeaders.map(name => headers[name] ?? null)
  return createHash('sha256')
    .update(JSON.stringify([nameOf(target), call.target, sent]))
    .update(question)
    .digest('base64url')
}

/**
 * Is there room for this amount? After 'can_never_fit' it must fit an empty window, after 'in_flight' the money neither
 * spent nor held, else the money not spent.
 */
function wouldFit(nanos: number, { verdict, limit, states }: Refused): boolean {
  if (limit !== 'day' && limit !== 'month') return false
  return states.every(({ day, month }) =>
    [day, month].every(window => {
      if (!window || window.limitNanos === UNLIMITED) return true
      const spent = verdict === 'can_never_fit' ? 0 : window.spentNanos
      const held = verdict === 'in_flight' ? window.heldNanos : 0
      return spent + held + nanos <= window.limitNanos
    }),
  )
}

/** The refusal of the rate limit with the longest wait, if one refuses the call: then no count is asked for. */
function tooFast(reservation: CallReservation, { at, states }: Refused): Refused | undefined {
  const waits = states.flatMap((state, i) => {
    const { name, running, concurrency = Number.POSITIVE_INFINITY }: ScopeState = state
    const scope = reservation.scopes[i]
    return [
      { name, limit: 'requests', wait: waitFor(reservation.requests, state.requests, scope?.requests) },
      { name, limit: 'tokens', wait: waitFor(reservation.tokens, state.tokens, scope?.tokens) },
      { name, limit: 'concurrency', wait: running >= concurrency ? WAIT_FOR_A_CALL : 0 },
    ] as const
  })
  const longest = waits.reduce((most, one) => (one.wait > most.wait ? one : most))
  if (longest.wait === 0) return undefined
  const { name, limit, wait } = longest
  return { kind: 'refused', at, scope: name, limit, retryAfterMs: wait, states }
}

/** Milliseconds until a bucket has this many units. */
function waitFor(wanted: number, state: BucketState | undefined, bucket: Bucket | undefined): number {
  if (!state || !bucket) return 0
  const { capacity, per } = bucket
  const units = Math.min(wanted, capacity)
  if (state.remaining >= units) return 0
  return Math.max(1, Math.ceil(state.resetMs - ((capacity - units) * per) / capacity))
}

async function ask(
  request: FastifyRequest,
  { upstream, price }: Target,
  sent: { path: string; body: Buffer },
): Promise<{ status: number; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>()
  const fail = (failure: string) => reject(new Error(failure))
  const headers = await upstreamHeaders(request, upstream, openKey(upstream.keys, price.model), sent)
  const line = send(
    upstream.pool,
    { method: 'POST', path: sent.path, headers, body: sent.body },
    {
      head: (status, headers) =>
        decoded(
          codingsIn(headers['content-encoding']),
          collectError(
            body => resolve({ status, body }),
            () => line.abort(),
          ),
          () => line.resume(),
        ),
      fail,
    },
  )
  const patience = setTimeout(line.abort, PATIENCE)
  return promise.finally(() => clearTimeout(patience))
}
