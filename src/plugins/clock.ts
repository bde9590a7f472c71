/**
 * The time of Redis. It alone decides the price, the expiry and the window of a call, because the clocks of
 * replicas may be wrong. It is read every few seconds; between two readings the monotonic clock advances it.
 */

import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    clock: {
      /** Milliseconds since 1970 by Redis's clock; by this machine's until Redis was read once. */
      now(): number
      /** Milliseconds that this machine's clock is ahead of Redis's, or, below zero, behind it. */
      readonly offset: number
    }
  }
}

const READ_EVERY = 2000
const QUIET_READ_EVERY = 10_000
/** Milliseconds that this machine's clock may differ without a warning. */
const TOLERATED = 5000

export default fp(
  async app => {
    const { log, money, redis } = app
    /** Redis's time minus the monotonic one; undefined before the first reading. */
    let ahead: number | undefined
    let isOff = false
    const now = () => (ahead === undefined ? Date.now() : Math.round(performance.now() + ahead))
    app.decorate('clock', {
      now,
      // biome-ignore lint/plugin: created once.
      get offset() {
        return Date.now() - now()
      },
    })
    app.parts.set('clock', () => ahead !== undefined)

    const readLater = () => {
      read().catch((err: unknown) => log.debug({ err }, 'the time is read again when Redis is there'))
    }
    redis.on('ready', readLater)
    app.every(READ_EVERY, read, { quietMs: QUIET_READ_EVERY })
    app.addHook('onClose', async () => void redis.off('ready', readLater))

    async function read(): Promise<void> {
      const sentAt = performance.now()
      const time = await money.time()
      // Redis read its clock between the two times; half of the round trip is assumed.
      ahead = time - (sentAt + performance.now()) / 2
      warn(Date.now() - now())
    }

    function warn(offset: number) {
      const wasOff = isOff
      isOff = Math.abs(offset) > TOLERATED
      if (isOff === wasOff) return
      const offsetSeconds = Math.round(offset / 1000)
      if (isOff)
        log.warn(
          { offsetSeconds },
          'the clock of this machine differs from that of Redis, which is used; correct the clock of this machine',
        )
      else log.info({ offsetSeconds }, "this machine's clock agrees with Redis's again")
    }
  },
  {
    name: 'clock',
    dependencies: ['health', 'jobs', 'money', 'redis'],
    decorators: { fastify: ['every', 'money', 'parts'] },
  },
)
