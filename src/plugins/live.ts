/** Calls shown as they end. Nothing leaves this process for it unless somebody, on whichever replica, watches. */

import fp from 'fastify-plugin'
import { liveCall } from '../admin/live/call.ts'
import { type Batch, createFeed } from '../admin/live/feed.ts'
import { createViewers, type Viewers } from '../admin/live/viewers.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Open live pages of this replica. */
    viewers: Viewers
  }
}

const LOOK_EVERY = 1000
const TICK_EVERY = 250
const BEAT_EVERY = 10_000
/** Shown of one tick; the rest is only counted. */
const CALLS = 100

export default fp(
  async app => {
    const feed = createFeed(app.redis)
    const viewers = createViewers()
    app.decorate('viewers', viewers)
    let isWatched = false
    let batch: Omit<Batch, 'id'> = { calls: [], skipped: 0 }
    let place = '0'
    let ticking: Promise<void> | undefined

    app.onCallEnd('observe', function showCall({ admitted, hold, entry }) {
      if (!isWatched || !entry) return
      if (batch.calls.length < CALLS)
        batch.calls.push(liveCall(entry, admitted?.at ?? app.clock.now(), hold?.reservation.nanos ?? 0))
      else batch.skipped++
    })

    const timers = [
      setInterval(look, LOOK_EVERY),
      setInterval(() => {
        ticking ??= tick().finally(() => {
          ticking = undefined
        })
      }, TICK_EVERY),
      setInterval(viewers.beat, BEAT_EVERY),
    ]
    app.addHook('preClose', async () => viewers.endAll())
    app.addHook('onClose', async () => {
      for (const timer of timers) clearInterval(timer)
      await ticking
    })

    /** While Redis is away no call is shown. The ledger still records it. */
    async function look() {
      if (viewers.size > 0) await feed.watch().catch(() => {})
      isWatched = await feed.isWatched().catch(() => false)
    }

    async function tick() {
      try {
        if (batch.calls.length > 0) {
          const ended = batch
          batch = { calls: [], skipped: 0 }
          await feed.publish(ended)
        }
        if (app.draining) viewers.endAll()
        else if (viewers.size > 0) await showNew()
        else place = '0'
      } catch (error) {
        app.log.debug({ err: error }, 'the live feed waits for Redis')
      }
    }

    async function showNew() {
      for (let batches = await feed.read(place); batches.length > 0; batches = await feed.read(place)) {
        place = batches.at(-1)?.id ?? place
        viewers.show(batches)
      }
    }
  },
  { name: 'live', dependencies: ['clock', 'lifecycle', 'redis', 'health'] },
)
