/** Reads the memory use of Redis every second, and evicts cached responses where memory is short. */

import fp from 'fastify-plugin'
import { defineScripts, PREFIX } from '../lua/scripts.ts'

export interface RedisMemory {
  /** As Redis compares them with `maxmemory`. */
  usedBytes: number
  /** `maxmemory`; 0 without a limit. */
  maxBytes: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** As last read; undefined before. */
    readonly redisMemory: RedisMemory | undefined
  }
}

const EVERY = 1000
/** Responses that one script evicts, which takes Redis some milliseconds. */
const PAGE = 200

export default fp<{ everyMs?: number }>(
  async (app, { everyMs = EVERY }) => {
    const { log, redis } = app
    defineScripts(redis)
    let memory: RedisMemory | undefined
    app.decorate('redisMemory', { getter: () => memory })

    app.every(everyMs, readMemory)
    app.addHook('onReady', async () => {
      readMemory().catch(error => log.debug({ err: error }, 'the memory of Redis cannot be read'))
    })

    async function readMemory(): Promise<void> {
      if (redis.status !== 'ready') return
      for (;;) {
        const [usedBytes, maxBytes, evicted] = await redis.makeRoom(PREFIX, PAGE)
        memory = { usedBytes, maxBytes }
        if (evicted > 0) log.info({ evicted }, 'cached responses were evicted: the memory of Redis is short')
        if (evicted < PAGE) return
      }
    }
  },
  { name: 'memory', dependencies: ['jobs', 'money', 'redis'], decorators: { fastify: ['every'] } },
)
