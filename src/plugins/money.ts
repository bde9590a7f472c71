/** The money core of this replica: the scripts, and the ended calls to be settled. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { readEpoch, readProgress } from '../ledger/progress.ts'
import { createSettlements, type Listener, type Settlements } from '../ledger/settlements.ts'
import { createMoneyScripts, type MoneyScripts } from '../lua/index.ts'
import type { Overspent, Reservation } from '../lua/types.ts'
import { DenseSet, type Placed } from '../requests/dense-set.ts'

/** The hold of a running call. */
export interface Hold extends Placed {
  id: string
  /** `nanos` is the amount held now. */
  reservation: Reservation
  /** Time of the admission, by Redis's clock. */
  at: number
  request: FastifyRequest
  /** The hold covers all output until this time (monotonic, ms). */
  coveredUntil: number
}

export type OverspentListener = (overspent: Overspent[], entry: object) => void

declare module 'fastify' {
  interface FastifyInstance {
    money: MoneyScripts
    settlements: Settlements
    /** Running calls that hold something. */
    holds: DenseSet<Hold>
    /** Calls the listener with budgets that a charge has overspent, and the facts of the charged call. */
    onOverspent(listener: OverspentListener): void
    reportOverspent: OverspentListener
  }
}

/** A server is connected again; a cluster has lost a node, and reports nothing when the node or its replica serves again. */
const INTERRUPTIONS = ['ready', '-node'] as const
const FORGET_EVERY = 1000
/** Milliseconds for the last settlements at the shutdown. After it the leases run out, and the holds are charged. */
const LAST_SETTLING = 5000

export default fp(
  async app => {
    const { redis, log } = app
    const money = createMoneyScripts(redis)
    const listener: Listener = {
      settled({ id, entry }, { overspendNanos, overspent }) {
        if (overspendNanos === 0 && !overspent) return
        const facts: object = typeof entry === 'string' ? JSON.parse(entry) : entry
        if (overspent) app.reportOverspent(overspent, facts)
        if (overspendNanos === 0) return
        // A call with an unbounded feature may cost more than its hold; the price table is not at fault.
        if ('unbounded' in facts && facts.unbounded)
          log.info({ reqId: id, overspendNanos }, 'an unbounded call cost more than it held')
        else log.error({ reqId: id, overspendNanos, entry: facts }, 'a call cost more than it held')
      },
      failed: (err, waiting) => log.warn({ err, waiting }, 'settlements wait for Redis'),
    }
    const settlements = createSettlements(money.settle, listener, app.deferred.push)
    app.decorate('money', money)
    app.decorate('settlements', settlements)
    app.parts.set('settlements', () => !settlements.isStuck)
    app.decorate('holds', new DenseSet<Hold>())
    const overspentListeners: OverspentListener[] = []
    app.decorate('onOverspent', (one: OverspentListener) => void overspentListeners.push(one))
    app.decorate('reportOverspent', (overspent, entry) => {
      for (const listener of overspentListeners) listener(overspent, entry)
    })

    // Redis may have lost settlements. A settlement that it has is not charged twice.
    for (const event of INTERRUPTIONS) redis.on(event, settlements.resend)

    app.every(FORGET_EVERY, forgetSettled)
    app.addHook('onClose', async () => {
      const deadline = new Promise(resolve => setTimeout(resolve, LAST_SETTLING).unref())
      // The pools to the providers are closed by now, so running calls end and are settled.
      await Promise.race([app.idle().then(settlements.drained), deadline])
      for (const event of INTERRUPTIONS) redis.off(event, settlements.resend)
    })

    /** Reads the epoch last: if it has not changed, Redis lost no memory before the progress was read. */
    async function forgetSettled() {
      if (settlements.kept === 0) return
      const progress = await readProgress(redis)
      settlements.forget(progress, await readEpoch(redis))
    }
  },
  {
    name: 'money',
    dependencies: ['health', 'jobs', 'lifecycle', 'redis'],
    decorators: { fastify: ['deferred', 'every', 'idle', 'parts'] },
  },
)
