/**
 * The connection that carries admissions. It never queues while Redis is away: a call that cannot be admitted is refused.
 * What nobody waits for travels with the next admission: a write, a read and two wake-ups less for each.
 */

import fp from 'fastify-plugin'
import type { Cluster, Redis } from 'ioredis'
import { connectRedis } from '../redis-url.ts'

declare module 'fastify' {
  interface FastifyInstance {
    redis: Redis | Cluster
    deferred: Deferred
  }
}

/** Commands that nobody waits for. */
export interface Deferred {
  /** `work` sends a command: with the next admission, or at the end of this turn of the event loop. */
  push(work: () => void): void
  /** Sends all of it now. Whatever is sent in this turn of the event loop leaves in one write. */
  flush(): void
}

export default fp<{ url: string; commandTimeout?: number }>(
  async (app, { url, commandTimeout = 2000 }) => {
    const redis = connectRedis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout,
      // A Redis that is frozen keeps its connections and says nothing on them: after so long it is away.
      socketTimeout: commandTimeout * 1.5,
      retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1000),
    })
    let away = false
    redis.on('error', error => {
      if (!away) app.log.warn({ err: error }, 'Redis is away; calls get 503 until it is back')
      away = true
    })
    redis.on('ready', () => {
      if (away) app.log.info('Redis is back')
      away = false
      // Not caught: a Redis that forgets money is no Redis to go on with.
      refuseEviction(redis)
    })
    app.parts.set('redis', () => redis.status === 'ready')
    app.decorate('redis', { getter: () => redis })
    app.decorate(
      'deferred',
      createDeferred(() => gather(redis)),
    )
    app.addHook('onClose', async () => redis.disconnect())
    // Away at the start is no fault: the connection goes on trying, and readiness waits for it.
    redis.connect().catch(() => {})
  },
  { name: 'redis', dependencies: ['health'] },
)

function createDeferred(gather: () => void): Deferred {
  let waiting: (() => void)[] = []
  let turn: NodeJS.Immediate | undefined
  function flush() {
    gather()
    clearImmediate(turn)
    turn = undefined
    const works = waiting
    waiting = []
    for (const work of works) work()
  }
  return {
    push(work) {
      waiting.push(work)
      turn ??= setImmediate(flush)
    },
    flush,
  }
}

/** A cluster's client has a connection a node, and each writes for itself. */
function gather(redis: Redis | Cluster): void {
  if (!('stream' in redis) || !redis.stream || redis.stream.writableCorked > 0) return
  const { stream } = redis
  stream.cork()
  setImmediate(() => stream.uncork())
}

async function refuseEviction(redis: Redis | Cluster) {
  const memory = await redis.info('memory').catch(() => '')
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction'
  if (policy === 'noeviction') return
  throw new Error(
    `REDIS_URL: found a Redis with maxmemory-policy ${policy}, expected noeviction: an evicted counter would read as ` +
      'unspent. Set its maxmemory-policy to noeviction, or use another Redis.',
  )
}
