/** Answers to the same bytes: looked up beside the admission, kept when whole and good, and never shared unless told so. */

import { readFileSync } from 'node:fs'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Result } from 'ioredis'
import type { CacheResult } from '../entry.ts'

/** What is kept beside the answer's bytes. */
interface Kept {
  contentType: string
  /** Redis's clock, milliseconds. */
  storedAt: number
  /** What the answer cost, and so what a hit saves. */
  costNanos: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Where an answer to this very request may lie; undefined where the caller or its settings say no. */
    cached:
      | { key: string; answer(reply: FastifyReply, now: number): Promise<FastifyReply | undefined> }
      | undefined
    cacheResult: CacheResult | undefined
    savedNanos: number
  }
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    keepAnswer(...args: (string | Buffer | number)[]): Result<number, Context>
  }
}

const PREFIX = '{tollgate}:cache:'
const BOOKS = [`${PREFIX}index`, `${PREFIX}sizes`, `${PREFIX}bytes`]
const lua = readFileSync(new URL('../lua/keep.lua', import.meta.url), 'utf8')

export default fp<{ ttlSeconds: number; maxBytes: number; totalBytes: number }>(
  async (app, { ttlSeconds, maxBytes, totalBytes }) => {
    app.redis.defineCommand('keepAnswer', { lua, numberOfKeys: 4 })
    app.decorateRequest('cached')
    app.decorateRequest('cacheResult')
    app.decorateRequest('savedNanos', 0)

    app.addHook('preHandler', function lookUp(request, reply, done) {
      if (!request.claims) return done()
      request.cacheResult = 'BYPASS'
      if (mayRead(request)) {
        request.cacheResult = 'MISS'
        const key = keyOf(request)
        // Sent before the admission and in the same tick, so that both make one round trip.
        const lookup = app.redis.getBuffer(key).catch(() => null)
        request.cached = { key, answer: async (to, now) => replay(request, to, await lookup, now) }
      }
      reply.header('x-cache', request.cacheResult)
      done()
    })

    app.onSettled(function keepAnswer(request) {
      const { answer, client, cost, admitted } = request
      if (!answer || !admitted || !mayKeep(request)) return
      const ttl = Math.ceil((client.cache.ttlSeconds ?? ttlSeconds) * 1000)
      if (ttl <= 0 || answer.body.length > maxBytes) return
      const packed = pack(
        { contentType: answer.contentType, storedAt: admitted.at, costNanos: cost?.nanos ?? 0 },
        answer.body,
      )
      app.redis.keepAnswer(keyOf(request), ...BOOKS, packed, ttl, totalBytes).catch(error => {
        app.log.debug({ err: error }, 'an answer was not kept')
      })
    })
  },
  { name: 'cache', dependencies: ['claims', 'redis'] },
)

function replay(request: FastifyRequest, reply: FastifyReply, found: Buffer | null, now: number) {
  if (!found) return undefined
  const { kept, body } = unpack(found)
  request.cacheResult = 'HIT'
  request.savedNanos = kept.costNanos
  const age = Math.max(0, Math.floor((now - kept.storedAt) / 1000))
  return reply
    .headers({ 'x-cache': 'HIT', age, 'content-type': kept.contentType, 'x-tollgate-cost-usd': '0' })
    .send(body)
}

/** Streams are replayed by nobody yet; everything else that succeeds whole may be. */
function mayKeep({ client, call, headers }: FastifyRequest): boolean {
  return client.cache.enabled && !call.ask.stream && !/no-store/i.test(headers['cache-control'] ?? '')
}

function mayRead(request: FastifyRequest): boolean {
  return mayKeep(request) && !/no-cache/i.test(request.headers['cache-control'] ?? '')
}

/** Nobody sees another's answer unless the client's settings name the circle that shares. */
function keyOf({ client, call, route }: FastifyRequest): string {
  const { share } = client.cache
  const circle =
    share === 'all'
      ? 'all'
      : share === 'team' && client.team
        ? `team:${client.team.id}`
        : `client:${client.id}`
  return `${PREFIX}${circle}:${route.upstream.name}:${call.digest}`
}

function pack(kept: Kept, body: Buffer): Buffer {
  const head = Buffer.from(`${JSON.stringify(kept)}\n`)
  return Buffer.concat([head, body])
}

function unpack(packed: Buffer): { kept: Kept; body: Buffer } {
  const end = packed.indexOf('\n')
  return { kept: JSON.parse(packed.toString('utf8', 0, end)), body: packed.subarray(end + 1) }
}
