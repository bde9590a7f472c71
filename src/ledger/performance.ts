/** Latency and errors of calls by time slot, model and upstream, from the counts that Postgres keeps beside the rows. */

import type { Pool } from 'pg'
import type { Static } from 'typebox'
import type { performanceResponse, series } from './responses.ts'
import { transaction } from './transaction.ts'

export type SeriesKey = (typeof series)[number]

/** Lengths of time slots. `keptDays`: counts of this step are deleted after this many days. */
export const performanceSteps = {
  '5m': { seconds: 300, keptDays: 7 },
  hour: { seconds: 3600, keptDays: 92 },
  day: { seconds: 86_400, keptDays: 1830 },
} as const
export type PerformanceStep = keyof typeof performanceSteps
export const stepNames: readonly PerformanceStep[] = ['5m', 'hour', 'day']

/** The most slots that one request may read. */
export const MOST_SLOTS = 400
/** Without `step`, the finest step with at most this many slots is read. */
const USUAL_SLOTS = 200
const DAY = 86_400_000

export type PerformanceSeries = PerformanceFound['all']
type Performance = PerformanceSeries['total']

export interface PerformanceQuery {
  /** Half-open. A slot that begins before `from` or ends after `to` counts as a whole. */
  from: Date
  to: Date
  step: PerformanceStep
  by: SeriesKey[]
  model?: string | undefined
  upstream?: string | undefined
  /** The most series to return, those with the most calls. */
  limit: number
}

/** `from` and `to` are the range as whole slots. */
export type PerformanceFound = Omit<Static<typeof performanceResponse>, 'step' | 'by'>

/** The finest step that has counts at `from` and at most MOST_SLOTS slots. */
export function performanceStepFor(from: Date, to: Date, now: Date): PerformanceStep {
  const fits = (name: PerformanceStep) => {
    const { seconds, keptDays } = performanceSteps[name]
    const isKept = now.getTime() - from.getTime() <= keptDays * DAY
    return isKept && slotsIn(from, to, seconds) <= USUAL_SLOTS
  }
  return stepNames.find(fits) ?? 'day'
}

export function slotsOf(from: Date, to: Date, step: PerformanceStep): number {
  return slotsIn(from, to, performanceSteps[step].seconds)
}

function slotsIn(from: Date, to: Date, seconds: number): number {
  return Math.ceil((to.getTime() - from.getTime()) / (seconds * 1000))
}

/** One statement, so that all counts have the same time. Its cost depends on the slots in the range, not on the calls. */
export async function readPerformance(pool: Pool, query: PerformanceQuery): Promise<PerformanceFound> {
  const { step, by, limit } = query
  const length = performanceSteps[step].seconds * 1000
  const from = new Date(Math.floor(query.from.getTime() / length) * length)
  const to = new Date(Math.ceil(query.to.getTime() / length) * length)
  const values = [length / 1000, from, to, query.model ?? null, query.upstream ?? null]
  const [counts, since] = await Promise.all([
    transaction(
      pool,
      async client => {
        // Compiling the statement takes longer than running it.
        await client.query('set local jit = off')
        await client.query(`set local work_mem = '32MB'`)
        return client.query(countsOf(by), values)
      },
      'isolation level repeatable read read only',
    ),
    pool.query(`select applied_at from migrations where name = '009_performance.sql'`),
  ])
  const found = new Map<string, PerformanceSeries>()
  for (const row of counts.rows) {
    const key = JSON.stringify(row.all_series ? null : by.map(name => row[name]))
    const names = row.all_series ? {} : Object.fromEntries(by.map(name => [name, row[name] || null]))
    const one = found.get(key) ?? { ...names, total: performanceOf({}), slots: [] }
    if (row.all_slots) one.total = performanceOf(row)
    else one.slots.push({ at: row.start.toISOString(), ...performanceOf(row) })
    found.set(key, one)
  }
  const all = found.get('null') ?? { total: performanceOf({}), slots: [] }
  found.delete('null')
  const sorted = [...found.values()].sort((a, b) => b.total.calls - a.total.calls)
  return {
    ...{ from, to, since: since.rows[0]?.applied_at ?? null, all },
    ...{ series: sorted.slice(0, limit), more: sorted.length > limit },
  }
}

/** $1 the slot's length in seconds, $2 and $3 the range, $4 and $5 one model or upstream. A percentile is the nearest rank. */
function countsOf(by: SeriesKey[]): string {
  const own = by.map(name => `${name}, `).join('')
  const sets = ['()', '(start)', ...(by.length > 0 ? [`(${own}seconds)`, `(${own}start)`] : [])]
  const buckets = ['(measure, bucket)', '(start, measure, bucket)']
  if (by.length > 0) buckets.push(`(${own}measure, bucket)`, `(${own}start, measure, bucket)`)
  const level = `grouping(start) = 1 as all_slots, ${by[0] ? `grouping(${by[0]}) = 1` : 'true'} as all_series`
  // One text column, because a join on columns that may be null compares every row with every other.
  const key = `row(${own}start, grouping(start), ${by[0] ? `grouping(${by[0]})` : '1'})::text as key`
  const rank = (measure: string, percentile: number) =>
    `performance_value(min(bucket) filter (where measure = '${measure}' and upto >= ceil(whole * 0.${percentile}))) as ${measure}_p${percentile}`
  const ranks = ['latency', 'ttft'].flatMap(measure =>
    [50, 95, 99].map(percentile => rank(measure, percentile)),
  )
  return `
    with kept as materialized (
      select * from performance
      where seconds = $1 and start >= $2 and start < $3
        and ($4::text is null or model = $4) and ($5::text is null or upstream = $5)
    ), totals as (
      select ${own}start, ${level}, ${key}, sum(calls) as calls, sum(errors) as errors
      from kept group by grouping sets (${sets.join(', ')})
    ), counts as (
      select ${key}, measure, bucket, sum(count) as count
      from kept, lateral (
        select 'latency' as measure, place::integer - 1 as bucket, count
        from unnest(latency) with ordinality found (count, place)
        union all
        select 'ttft', place::integer - 1, count from unnest(ttft) with ordinality found (count, place)
      ) counted
      where count > 0 group by grouping sets (${buckets.join(', ')})
    ), ranked as (
      select *, sum(count) over (partition by key, measure order by bucket) as upto,
        sum(count) over (partition by key, measure) as whole
      from counts
    ), percentiles as (
      select key, ${ranks.join(',\n        ')} from ranked group by key
    )
    select t.*, ${['latency', 'ttft'].flatMap(m => [50, 95, 99].map(p => `p.${m}_p${p}`)).join(', ')}
    from totals t left join percentiles p using (key)
    order by t.start`
}

function performanceOf(row: Record<string, number | string | null>): Performance {
  const ms = (name: string) => (row[name] == null ? null : Number(Number(row[name]).toPrecision(4)))
  const percentiles = (measure: string) => ({
    p50: ms(`${measure}_p50`),
    p95: ms(`${measure}_p95`),
    p99: ms(`${measure}_p99`),
  })
  return {
    calls: Number(row.calls ?? 0),
    // A correction may have another upstream than the lost call.
    errors: Math.max(0, Number(row.errors ?? 0)),
    latencyMs: percentiles('latency'),
    ttftMs: percentiles('ttft'),
  }
}
