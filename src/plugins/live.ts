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
    const viewers = createViewers(showSoon)
    app.decorate('viewers', viewers)
    /** Undefined until the next look, which a call causes: its calls are gathered until then. */
    let isWatched: boolean | undefined
    let hasCalls = false
    let batch: Omit<Batch, 'id'> = { calls: [], skipped: 0 }
    let place = '0'
    /** Absent while there is neither a viewer nor a call to show. */
    let tick: NodeJS.Timeout | undefined
    let showing: Promise<void> | undefined

    app.onCallEnd('observe', function showCall({ admitted, hold, entry }) {
      if (!entry) return
      hasCalls = true
      if (isWatched === false) return
      if (batch.calls.length < CALLS)
        batch.calls.push(liveCall(entry, admitted?.at ?? app.clock.now(), hold?.reservation.nanos ?? 0))
      else batch.skipped++
      showSoon()
    })

    app.every(LOOK_EVERY, async function findViewers() {
      if (viewers.size > 0) await feed.watch().catch(() => {})
      const wasUsed = hasCalls || viewers.size > 0
      hasCalls = false
      if (wasUsed) await look()
      else isWatched = undefined
    })
    app.every(BEAT_EVERY, async function beat() {
      viewers.beat()
    })
    app.addHook('preClose', async () => viewers.endAll())
    app.addHook('onClose', async () => {
      // The running one may schedule the next.
      await showing
      clearTimeout(tick)
    })

    /** While Redis is away no call is shown. The ledger still records it. */
    async function look() {
      isWatched = await feed.isWatched().catch(() => false)
    }

    function showSoon() {
      tick ??= setTimeout(() => {
        showing = showCalls().finally(() => {
          tick = undefined
          if (viewers.size > 0 || batch.calls.length > 0) showSoon()
        })
      }, TICK_EVERY)
    }

    async function showCalls() {
      try {
        if (batch.calls.length > 0) {
          if (isWatched === undefined) await look()
          const ended = batch
          batch = { calls: [], skipped: 0 }
          if (isWatched) await feed.publish(ended)
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
