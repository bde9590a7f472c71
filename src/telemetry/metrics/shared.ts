/** What all replicas share, read from Redis when it is asked: each replica tells the same. Away, it gives no number rather than an old one. */

import type { FastifyInstance } from 'fastify'
import { readProgress } from '../../ledger/progress.ts'
import { nanosToUsd } from '../../pricing/money.ts'
import type { Registry } from './registry.ts'

const WINDOWS = ['day', 'month'] as const
/** What is spent is counted without a limit, too. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER

export function registerShared(registry: Registry, { clients, ledger, money, redis }: FastifyInstance) {
  const gauge = (name: string, help: string, labels?: string[]) =>
    registry.sampled('gauge', name, help, labels)
  const pending = gauge(
    'tollgate_ledger_pending_entries',
    'Entries on their way to Postgres; the same on every replica.',
  )
  const oldest = gauge(
    'tollgate_ledger_oldest_pending_seconds',
    'Age of the oldest entry on its way to Postgres, 0 where none is; the same on every replica.',
  )
  const amount = (what: string) =>
    `Of the whole gateway in this UTC window, ${what}; the same on every replica.`
  const spent = gauge('tollgate_gateway_spent_usd', amount('spent'), ['window'])
  const held = gauge('tollgate_gateway_held_usd', amount('held by running calls'), ['window'])
  const limit = gauge('tollgate_gateway_limit_usd', amount('its budget, absent where it has none'), [
    'window',
  ])
  const differences = gauge(
    'tollgate_verify_differences',
    'Counters that differed from the ledger when this replica last compared them; absent before.',
  )
  const verifiedAt = gauge(
    'tollgate_verify_timestamp_seconds',
    'When this replica last compared counters and ledger; absent before.',
  )

  registry.onScrape(async function readLag() {
    const found = await Promise.all([readProgress(redis), redis.time()]).catch(() => undefined)
    pending.clear()
    oldest.clear()
    if (!found) return
    const [progress, [seconds, micros]] = found
    const now = Number(seconds) * 1000 + Number(micros) / 1000
    const [since = now] = progress?.firstId?.split('-').map(Number) ?? []
    pending.set(progress?.entries ?? 0)
    oldest.set(Math.max(0, now - since) / 1000)
  })

  registry.onScrape(async function readMoney() {
    const scope = { key: 'gateway', name: 'gateway', day: NO_LIMIT, month: NO_LIMIT }
    const found = await money.state([scope]).catch(() => undefined)
    for (const series of [spent, held, limit]) series.clear()
    const { dayNanos, monthNanos } = clients.gateway.budget
    for (const [i, nanos] of [dayNanos, monthNanos].entries())
      if (nanos !== undefined) limit.set(nanosToUsd(nanos), WINDOWS[i]!)
    for (const window of WINDOWS) {
      const state = found?.states[0]?.[window]
      if (!state) continue
      spent.set(nanosToUsd(state.spentNanos), window)
      held.set(nanosToUsd(state.heldNanos), window)
    }
  })

  registry.onScrape(function readVerified() {
    const { lastVerified } = ledger
    if (!lastVerified) return
    differences.clear()
    verifiedAt.clear()
    differences.set(lastVerified.differences)
    verifiedAt.set(lastVerified.at / 1000)
  })
}
