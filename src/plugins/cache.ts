/** Answers to the same bytes: looked up beside the admission, kept when whole and good, and never shared unless told so. */

import { readFileSync } from 'node:fs'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Result } from 'ioredis'
import type { CacheResult } from '../entry.ts'

/** What is kept beside the answer's bytes. */
interface Facts {
  contentType: string
  /** Redis's clock, milliseconds. */
  storedAt: number
  /** What the answer cost, and so what a hit saves. */
  costNanos: number
}

export type KeptAnswer = Facts & { body: Buffer }

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers with a kept answer; `now` by Redis's clock. */
    replay(reply: FastifyReply, kept: KeptAnswer, now: number): FastifyReply
  }
  interface FastifyRequest {
    /** Where an answer to this very request may lie; undefined where the caller or its settings say no. */
    cached: { key: string; find(): Promise<KeptAnswer | undefined> } | undefined
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
        // Fetched once the admission has seen it: most calls find none, and need not ask twice.
        request.cached = { key, find: async () => unpack(await app.redis.getBuffer(key).catch(() => null)) }
      }
      reply.header('x-cache', request.cacheResult)
      done()
    })

    app.decorate('replay', (reply, { body, contentType, costNanos, storedAt }, now) => {
      reply.request.cacheResult = 'HIT'
      reply.request.savedNanos = costNanos
      const age = Math.max(0, Math.floor((now - storedAt) / 1000))
      return reply
        .headers({ 'x-cache': 'HIT', age, 'content-type': contentType, 'x-tollgate-cost-usd': '0' })
        .send(body)
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
      const key = keyOf(request)
      app.deferred.push(() => {
        app.redis.keepAnswer(key, ...BOOKS, packed, ttl, totalBytes).catch(error => {
          app.log.debug({ err: error }, 'an answer was not kept')
        })
      })
    })
  },
  { name: 'cache', dependencies: ['claims', 'redis'] },
)

/** Streams are replayed by nobody yet; everything else that succeeds whole may be. */
function mayKeep({ client, call: { ask }, headers }: FastifyRequest): boolean {
  if (!client.cache.enabled || ask.stream || /no-store/i.test(headers['cache-control'] ?? '')) return false
  // What reaches beyond the request does something again when it is asked again: a conversation goes on, a tool runs, an answer is stored.
  return ask.unbounded.length === 0 && !(ask.stores && client.allow.has('store'))
}

function mayRead(request: FastifyRequest): boolean {
  return mayKeep(request) && !/no-cache|max-age=0(?!\d)/i.test(request.headers['cache-control'] ?? '')
}

/** Nobody sees another's answer unless the client's settings name the circle that shares. */
function keyOf({ client, call, edits, route }: FastifyRequest): string {
  const { share } = client.cache
  const circle =
    share === 'all'
      ? 'all'
      : share === 'team' && client.team
        ? `team:${client.team.id}`
        : `client:${client.id}`
  // What was put in is part of what was asked: a shortened answer is no answer to a request without a ceiling.
  const put = `${edits.ceiling ?? ''}${edits.noStore ? 'n' : ''}`
  return `${PREFIX}${circle}:${route.upstream.name}:${put}:${call.digest}`
}

function pack(facts: Facts, body: Buffer): Buffer {
  const head = Buffer.from(`${JSON.stringify(facts)}\n`)
  return Buffer.concat([head, body])
}

function unpack(packed: Buffer | null): KeptAnswer | undefined {
  if (!packed) return undefined
  const end = packed.indexOf('\n')
  return { ...JSON.parse(packed.toString('utf8', 0, end)), body: packed.subarray(end + 1) }
}
