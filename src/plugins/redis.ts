/**
 * The connection that carries admissions. It never queues while Redis is away: a call that cannot be admitted is refused.
 * Deferred commands are sent with the next admission, which saves a write, a read and two wake-ups each.
 */

import type { Writable } from 'node:stream'
import fastifyRedis from '@fastify/redis'
import fp from 'fastify-plugin'
import type { Cluster, Redis } from 'ioredis'
import { connectRedis } from '../redis/connect.ts'
import { firstTry } from '../start/first-try.ts'
import { checkRedis, EvictionFault } from '../start/redis-check.ts'
import { redisFault } from '../start/store-faults.ts'

declare module 'fastify' {
  interface FastifyInstance {
    deferred: Deferred
  }
}

/** Commands whose reply no call waits for. */
export interface Deferred {
  /** `work` sends a command: at the end of this turn of the event loop if no call runs, else with the next admission or in the next turn. */
  push(work: () => void): void
  /** Sends all of it now. Whatever is sent in this turn of the event loop leaves in one write. */
  flush(): void
}

export default fp<{ url: string; variable?: string; commandTimeout?: number }>(
  async (app, { url, variable = 'REDIS_URL', commandTimeout = 2000 }) => {
    const first = firstTry(app)
    const redis = connectRedis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout,
      // A frozen Redis keeps its connections open and sends nothing. After this time it counts as away.
      socketTimeout: commandTimeout * 1.5,
      retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1000),
    })
    let away = false
    /** Whether a check has passed once. After that a refusal, as in a failover, may be temporary. */
    let hasPassed = false
    redis.on('error', error => {
      const fault = hasPassed ? undefined : redisFault(error, { url, variable })
      if (fault !== undefined) return refuse(fault)
      first.done()
      if (!away) app.log.warn({ err: error }, 'Redis is away; calls get 503 until it is back')
      away = true
    })
    redis.on('ready', () => {
      if (redis.status !== 'ready') return
      if (away) app.log.info('Redis is back')
      away = false
      check()
    })

    async function check() {
      try {
        await checkRedis(redis)
        hasPassed = true
        first.done()
      } catch (error) {
        const fault = redisFault(error, { url, variable })
        if (fault === undefined) return first.done()
        // A Redis that may evict counters must not be used, even later.
        if (!hasPassed || error instanceof EvictionFault) refuse(fault)
      }
    }

    function refuse(fault: string) {
      // The client would connect again, and fail in the same way.
      redis.disconnect()
      first.refuse(fault)
    }
    // @fastify/redis connects, then waits for `ready`, and gives up after some errors. The gateway also starts while Redis is
    // away, and readiness waits for it: so the plugin gets its event as soon as the client begins to connect.
    redis.once('connecting', () => redis.emit('ready'))
    await app.register(fastifyRedis, { client: redis })
    app.parts.set('redis', () => redis.status === 'ready')
    app.decorate(
      'deferred',
      createDeferred(
        () => streamOf(redis),
        () => app.running.size === 0,
      ),
    )
    app.addHook('onClose', async () => redis.disconnect())
  },
  { name: 'redis', dependencies: ['health', 'lifecycle'], decorators: { fastify: ['parts', 'running'] } },
)

function createDeferred(stream: () => Writable | undefined, isIdle: () => boolean): Deferred {
  let waiting: (() => void)[] = []
  let scheduled: NodeJS.Immediate | undefined

  /** If no call runs, Redis does this work before the next admission comes, which would wait for it. */
  function endTurn() {
    if (!isIdle()) return flush()
    const open = stream()
    open?.cork()
    send()
    open?.uncork()
  }

  function flush() {
    gather(stream())
    send()
  }

  function send() {
    clearImmediate(scheduled)
    scheduled = undefined
    const works = waiting
    waiting = []
    for (const work of works) work()
  }
  return {
    push(work) {
      waiting.push(work)
      scheduled ??= setImmediate(endTurn)
    },
    flush,
  }
}

/** Undefined for a cluster, whose client has a connection for each node: each of them writes for itself. */
function streamOf(redis: Redis | Cluster): Writable | undefined {
  return 'stream' in redis ? redis.stream : undefined
}

/** All that is sent in this turn of the event loop leaves in one write. */
function gather(stream: Writable | undefined): void {
  if (!stream || stream.writableCorked > 0) return
  stream.cork()
  setImmediate(() => stream.uncork())
}
