/** Caches whole successful responses by the bytes of the request. Clients share them only if their settings say so. */

import { readFileSync } from 'node:fs'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { objectIn, parseObject } from '../dialects/wire/json.ts'
import { FINAL, refusal } from '../errors.ts'
import type { CacheResult } from '../ledger/call-record.ts'
import { prepareScript } from '../redis/script.ts'
import { cacheControlOf } from '../requests/cache-control.ts'

/** Stored with the bytes of the response. */
interface Facts {
  contentType: string
  /** Redis's clock, milliseconds. */
  storedAt: number
  /** The cost of the response, which a hit saves. */
  costNanos: number
  /** The upstream that served it, and its model there. Responses of earlier versions have neither. */
  upstream?: string
  upstreamModel?: string
}

type CachedResponse = Facts & { body: Buffer }

declare module 'fastify' {
  interface FastifyRequest {
    /** The key of a cached response; undefined if the request or the client's settings forbid one. */
    cacheKey: string | undefined
    /** The caller accepts only a cached response. */
    onlyIfCached: boolean
    cacheResult: CacheResult | undefined
    /** The upstream that sent the cached response, and its model there. */
    cachedFrom: { upstream: string | undefined; upstreamModel: string | undefined } | undefined
    savedNanos: number
  }
}

const PREFIX = '{tollgate}:cache:'
const INDEX_KEYS = ['index', 'sizes', 'bytes', 'room'].map(name => PREFIX + name)
const lua = ['prelude/memory', 'keep']
  .map(name => readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8'))
  .join('')

export default fp<{ ttlSeconds: number; maxBytes: number; totalBytes: number }>(
  async (app, { ttlSeconds, maxBytes, totalBytes }) => {
    const keep = prepareScript(app.redis, lua, 1 + INDEX_KEYS.length)
    app.decorateRequest('cacheKey')
    app.decorateRequest('onlyIfCached', false)
    app.decorateRequest('cacheResult')
    app.decorateRequest('cachedFrom')
    app.decorateRequest('savedNanos', 0)

    app.addHook('preValidation', function lookUpCache(request, reply, done) {
      if (!request.reservation) return done()
      const asked = cacheControlOf(request.headers)
      const key = mayKeep(request) && !asked.noStore && !asked.noCache ? keyOf(request) : undefined
      request.onlyIfCached = asked.onlyIfCached
      request.cacheResult = key === undefined ? 'BYPASS' : 'MISS'
      reply.header('x-cache', request.cacheResult)
      if (key === undefined) return done(asked.onlyIfCached ? notCached() : undefined)
      // The admission finds the response.
      request.cacheKey = key
      if (!asked.onlyIfCached && asked.maxAge === undefined) return done()
      // A response that is too old must not be a hit of the admission.
      isFresh(key, asked.maxAge).then(isUsed => {
        if (!isUsed) request.cacheKey = undefined
        done(asked.onlyIfCached && !isUsed ? notCached() : undefined)
      }, done)
    })

    /** Whether a response is cached that is at most `maxAge` seconds old; undefined: of any age. */
    async function isFresh(key: string, maxAge: number | undefined): Promise<boolean> {
      const [packed, [seconds]] = await Promise.all([
        app.redis.getBuffer(key).catch(() => null),
        app.redis.time().catch(() => [0]),
      ])
      if (packed === null || maxAge === undefined) return packed !== null
      return Number(seconds) - unpack(packed).storedAt / 1000 <= maxAge
    }

    // After a change of the configuration the call uses only the key that the new settings give.
    app.onReservation(function reserveCacheKey(request) {
      const { cacheKey } = request
      if (cacheKey === undefined || !mayKeep(request) || cacheKey !== keyOf(request)) return undefined
      return { cacheKey }
    })

    app.addHook('preHandler', function replayCached({ admitted, onlyIfCached }, reply, done) {
      if (admitted?.kind === 'hit') replay(reply, unpack(admitted.response), admitted.at)
      else done(onlyIfCached ? notCached() : undefined)
    })

    app.onCallEnd('settle', function storeResponse(request) {
      const { collected, client, cost, admitted } = request
      if (!collected || !admitted || !mayKeep(request) || cacheControlOf(request.headers).noStore) return
      const ttl = Math.ceil((client.cache.ttlSeconds ?? ttlSeconds) * 1000)
      if (ttl <= 0 || collected.body.length > maxBytes) return
      if (!request.call.dialect.isSuccess(objectIn(parseObject(collected.body.toString('utf8'))))) return
      const packed = pack(
        {
          contentType: collected.contentType,
          storedAt: admitted.at,
          costNanos: cost?.nanos ?? 0,
          upstream: request.route.upstream.name,
          upstreamModel: request.route.candidate.sentModel,
        },
        collected.body,
      )
      const key = keyOf(request)
      app.deferred.push(() => {
        keep(key, ...INDEX_KEYS, packed, ttl, totalBytes).catch(error => {
          app.log.debug({ err: error }, 'a response was not cached')
        })
      })
    })
  },
  {
    name: 'cache',
    dependencies: ['admission', 'auth', 'call', 'cost', 'lifecycle', 'models', 'redis', 'reservations'],
    decorators: {
      fastify: ['deferred', 'onCallEnd', 'onReservation'],
      request: ['admitted', 'call', 'client', 'cost', 'edits', 'plan', 'reservation', 'route'],
    },
  },
)

/** Streams are not cached yet. */
function mayKeep({ client, call: { parsed } }: FastifyRequest): boolean {
  if (!client.cache.enabled || parsed.stream) return false
  // A request with effects beyond its response must be sent again: a conversation goes on, a tool runs, a response is stored.
  return parsed.unbounded.length === 0 && !(parsed.stores && client.allow.has('store'))
}

/** Sends a cached response; `now` by Redis's clock. */
function replay(
  reply: FastifyReply,
  { body, contentType, costNanos, storedAt, upstream, upstreamModel }: CachedResponse,
  now: number,
) {
  reply.request.cacheResult = 'HIT'
  reply.request.cachedFrom = { upstream, upstreamModel }
  reply.request.savedNanos = costNanos
  const age = Math.max(0, Math.floor((now - storedAt) / 1000))
  return reply
    .headers({
      'x-cache': 'HIT',
      'x-tollgate-upstream': upstream ?? reply.request.route.upstream.name,
      age,
      'content-type': contentType,
      'x-tollgate-cost-usd': '0',
    })
    .send(body)
}

/** After an admission this call is settled at no cost. */
function notCached() {
  return refusal(
    'not_cached',
    'No cached response fits this request, and only-if-cached forbids a new one.',
    {
      headers: { ...FINAL },
    },
  )
}

/** The key contains the client, or the group of clients that the settings let share, and the models that an alias stands for. */
function keyOf({ client, call, edits, plan }: FastifyRequest): string {
  const { share } = client.cache
  const circle =
    share === 'all'
      ? 'all'
      : share === 'team' && client.team
        ? `team:${client.team.id}`
        : `client:${client.id}`
  // An edit changes the response: one with an output limit does not answer a request without it.
  const put = `${edits.maxOutputTokens ?? ''}${edits.noStore ? 'n' : ''}`
  return `${PREFIX}${circle}:${plan.cacheName}:${put}:${call.digest}`
}

function pack(facts: Facts, body: Buffer): Buffer {
  const head = Buffer.from(`${JSON.stringify(facts)}\n`)
  return Buffer.concat([head, body])
}

function unpack(packed: Buffer): CachedResponse {
  const end = packed.indexOf('\n')
  return { ...JSON.parse(packed.toString('utf8', 0, end)), body: packed.subarray(end + 1) }
}
