/** Drains the ledger into Postgres, restores the counters after Redis lost them, and deletes old rows. */

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { type Drain, startDrain } from '../ledger/drain.ts'
import { prune } from '../ledger/prune.ts'
import { rebuild } from '../ledger/rebuild.ts'
import { createRecorder } from '../ledger/record.ts'
import { type Verified, verify } from '../ledger/verify.ts'
import { createLedgerScripts } from '../lua/ledger.ts'
import { connectRedis } from '../redis/connect.ts'

declare module 'fastify' {
  interface FastifyInstance {
    ledger: {
      /** Compares every counter with the ledger; rejects while they are incomplete. Takes some milliseconds for each hundred scopes. */
      verify(): Promise<Verified>
      /** The result and the time of this replica's last comparison. */
      readonly lastVerified: { at: number; differences: number } | undefined
    }
  }
}

export interface LedgerOptions {
  redisUrl: string
  /** Rows of months that ended longer ago are dropped; sums stay. */
  keepDays?: number
  /** Replicas renew the holds of running calls in an empty Redis within this time. */
  heartbeatMs?: number
  gatherMs?: number
}

const WATCH_EVERY = 1000
/** Intervals in one wait of a replica without requests. */
const CALM_WAITS = 3
const PRUNE_EVERY = 86_400_000
/** Milliseconds for the last drain at the shutdown. Another replica drains the rest. */
const LAST_DRAIN = 5000

export default fp<LedgerOptions>(
  async (app, { redisUrl, keepDays = 400, heartbeatMs = 12_000, gatherMs = 250 }) => {
    const { pg: pool, log } = app
    // Its batches are large: on a connection of their own no admission waits behind them.
    const redis = connectRedis(redisUrl, {
      maxRetriesPerRequest: 1,
      commandTimeout: 10_000,
      socketTimeout: 15_000,
    })
    redis.on('error', () => {})
    const scripts = createLedgerScripts(redis)
    const token = randomUUID()
    const closing = new AbortController()
    const { signal } = closing
    let areComplete = false
    app.parts.set('counters', () => areComplete)
    let lastVerified: { at: number; differences: number } | undefined
    app.decorate('ledger', {
      async verify() {
        const verified = await verify({ redis, scripts, pool })
        lastVerified = { at: Date.now(), differences: verified.differences.length }
        return verified
      },
      // biome-ignore lint/plugin: created once.
      get lastVerified() {
        return lastVerified
      },
    })

    let drain: Drain | undefined
    app.onCallEnd('observe', function wakeDrain() {
      drain?.wake()
    })
    const tasks = Promise.race([app.migrated, once(signal, 'abort')]).then(work, () => {})
    app.addHook('onClose', async () => {
      closing.abort()
      await tasks
      redis.disconnect()
    })

    async function work(): Promise<void> {
      drain = startDrain({
        redis,
        scripts,
        log,
        consumer: token,
        record: createRecorder(pool),
        gatherMs,
      })
      await Promise.all([repeat(WATCH_EVERY, completeCounters, isCalm), repeat(PRUNE_EVERY, dropOldMonths)])
      await drain.stop(LAST_DRAIN)
    }

    async function completeCounters() {
      const begun = () => {
        areComplete = false
      }
      areComplete = await rebuild({ redis, scripts, pool, log, token, heartbeatMs, signal, begun })
    }

    async function dropOldMonths() {
      const pruned = await prune(pool, keepDays)
      if (pruned && pruned.partitions.length > 0) log.info(pruned, 'old months of the ledger were dropped')
    }

    function isCalm() {
      return areComplete && app.isQuiet()
    }

    /**
     * Runs the job at once, and then at intervals until the shutdown, less often while it is calm. The first of several
     * failures in a row is logged.
     */
    async function repeat(
      everyMs: number,
      task: () => Promise<unknown>,
      isCalm = () => false,
    ): Promise<void> {
      let isFailing = false
      while (!signal.aborted) {
        try {
          await task()
          isFailing = false
        } catch (error) {
          if (!isFailing && !signal.aborted) log.warn({ err: error }, `${task.name} will be tried again`)
          isFailing = true
        }
        for (let waits = 1; waits <= (isCalm() ? CALM_WAITS : 1) && !signal.aborted; waits++)
          await wait(everyMs, undefined, { signal }).catch(() => {})
      }
    }
  },
  {
    name: 'ledger',
    dependencies: ['health', 'jobs', 'lifecycle', 'postgres', 'redis'],
    decorators: { fastify: ['isQuiet', 'migrated', 'onCallEnd', 'parts'] },
  },
)
