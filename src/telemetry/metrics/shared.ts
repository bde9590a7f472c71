/**
 * Metrics of what all replicas share, read from Redis at each scrape. If Redis is unreachable, the metrics are absent. Workers
 * read the same values at almost the same time, so the largest one stands for all.
 */

import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { readProgress } from '../../ledger/progress.ts'
import { nanosToUsd } from '../../pricing/money.ts'
import { addReadings, type Reading, type Row } from './readings.ts'

const WINDOWS = ['day', 'month'] as const
/** Spending is counted without a limit too. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER

/** `worker`: the label of what only this worker has compared; undefined without workers. */
export function addSharedMetrics(
  registry: Registry,
  { clients, ledger, money, redis }: FastifyInstance,
  worker: string | undefined,
) {
  const lag = once(async () => {
    const [progress, [seconds, micros]] = await Promise.all([readProgress(redis), redis.time()])
    const now = Number(seconds) * 1000 + Number(micros) / 1000
    const [since = now] = progress?.firstId?.split('-').map(Number) ?? []
    return { entries: progress?.entries ?? 0, seconds: Math.max(0, now - since) / 1000 }
  })
  const gateway = once(async () => {
    const scope = { key: 'gateway', name: 'gateway', day: NO_LIMIT, month: NO_LIMIT }
    return (await money.state([scope])).states[0]
  })
  const byWindow = async (of: 'spentNanos' | 'heldNanos'): Promise<Row[]> => {
    const state = await gateway()
    return WINDOWS.flatMap(window => (state?.[window] ? [[nanosToUsd(state[window][of]), window]] : []))
  }
  const own = worker === undefined ? [] : [worker]
  const ownLabels = own.map(() => 'worker')
  const amount = (what: string) =>
    `${what} of the whole gateway in this UTC window; the same on every replica.`

  const readings: Reading[] = [
    {
      type: 'gauge',
      name: 'tollgate_ledger_pending_entries',
      help: 'Ledger entries that are not in Postgres yet; the same on every replica.',
      read: async () => [[(await lag()).entries]],
    },
    {
      type: 'gauge',
      name: 'tollgate_ledger_oldest_pending_seconds',
      help: 'Age of the oldest ledger entry that is not in Postgres yet, 0 if there is none; the same on every replica.',
      read: async () => [[(await lag()).seconds]],
    },
    {
      type: 'gauge',
      name: 'tollgate_gateway_spent_usd',
      help: amount('Spending'),
      labels: ['window'],
      read: () => byWindow('spentNanos'),
    },
    {
      type: 'gauge',
      name: 'tollgate_gateway_held_usd',
      help: amount('Reservations of running calls'),
      labels: ['window'],
      read: () => byWindow('heldNanos'),
    },
    {
      type: 'gauge',
      name: 'tollgate_gateway_limit_usd',
      help: `${amount('Budget')} Absent without a budget.`,
      labels: ['window'],
      read() {
        const { dayNanos, monthNanos } = clients.gateway.budget
        return [dayNanos, monthNanos].flatMap((nanos, i): Row[] =>
          nanos === undefined ? [] : [[nanosToUsd(nanos), WINDOWS[i]!]],
        )
      },
    },
    {
      type: 'gauge',
      name: 'tollgate_verify_differences',
      help: 'Counters that differed from the ledger at the last comparison by this replica; absent before.',
      labels: ownLabels,
      read: () => (ledger.lastVerified ? [[ledger.lastVerified.differences, ...own]] : []),
    },
    {
      type: 'gauge',
      name: 'tollgate_verify_timestamp_seconds',
      help: 'Time of the last comparison of counters and ledger by this replica; absent before.',
      labels: ownLabels,
      read: () => (ledger.lastVerified ? [[ledger.lastVerified.at / 1000, ...own]] : []),
    },
  ]
  addReadings(
    registry,
    readings.map(reading => ({ ...reading, aggregator: 'max' })),
  )
}

/** Metrics of one scrape read the same value, and so share one read. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= read().finally(() => {
      running = undefined
    })
    return running
  }
}
