/** Shows calls as they end. A replica sends its calls only while a live page is open on any replica. */

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
/** Calls shown for each tick; the others are only counted. */
const CALLS = 100

export default fp(
  async app => {
    const feed = createFeed(app.redis)
    const viewers = createViewers()
    app.decorate('viewers', viewers)
    let isWatched = false
    let batch: Omit<Batch, 'id'> = { calls: [], skipped: 0 }
    let place = '0'

    app.onCallEnd('observe', function showCall({ admitted, hold, entry }) {
      if (!isWatched || !entry) return
      if (batch.calls.length < CALLS)
        batch.calls.push(liveCall(entry, admitted?.at ?? app.clock.now(), hold?.reservation.nanos ?? 0))
      else batch.skipped++
    })

    app.every(LOOK_EVERY, findViewers)
    app.every(TICK_EVERY, showCalls)
    app.every(BEAT_EVERY, async function beat() {
      viewers.beat()
    })
    app.addHook('preClose', async () => viewers.endAll())

    /** While Redis is away no call is shown. The ledger still records it. */
    async function findViewers() {
      if (viewers.size > 0) await feed.watch().catch(() => {})
      isWatched = await feed.isWatched().catch(() => false)
    }

    async function showCalls() {
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
  {
    name: 'live',
    dependencies: ['clock', 'health', 'jobs', 'lifecycle', 'redis'],
    decorators: { fastify: ['clock', 'draining', 'every', 'onCallEnd'] },
  },
)
