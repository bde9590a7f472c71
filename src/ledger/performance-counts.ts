/** Counts the latency and the errors of rows. 009_performance.sql has the same rules for the rows of older replicas. */

import type { PoolClient } from 'pg'
import type { Outcome } from './call-record.ts'
import type { Row } from './entry.ts'
import { performanceSteps } from './performance.ts'

const BUCKETS = 110
/** Each bucket ends at this multiple of its start. */
const GROWTH = Math.log(1.15)

const steps = Object.values(performanceSteps)
const errors = new Set<Outcome>(['upstream_error', 'gateway_error', 'interrupted', 'lost'])
/** Cached responses and refusals did not reach an upstream; the end of a lost call was not measured. */
const unmeasured = new Set<Outcome>(['cached', 'coalesced', 'refused', 'lost'])

interface Counts {
  seconds: number
  start: string
  model: string
  upstream: string
  calls: number
  errors: number
  latency: number[]
  ttft: number[]
}

/** Adds the rows to the counts of every step. Call it in the transaction that inserts the rows. */
export async function addPerformance(client: PoolClient, rows: Row[]): Promise<void> {
  const found = countRows(rows)
  const each = (name: keyof Counts) => found.map(counts => counts[name])
  const arrays = (name: 'latency' | 'ttft') => found.map(counts => `{${counts[name].join()}}`)
  await client.query(ADD, [
    ...(['seconds', 'start', 'model', 'upstream', 'calls', 'errors'] as const).map(each),
    ...(['latency', 'ttft'] as const).map(arrays),
  ])
}

function countRows(rows: Row[]): Counts[] {
  const found = new Map<string, Counts>()
  for (const { at, seq, facts } of rows) {
    const { model = '', upstream = '', outcome } = facts
    const time = Date.parse(at) / 1000
    const isMeasured = !unmeasured.has(outcome)
    const latency = isMeasured ? bucketOf(facts.latencyMs) : undefined
    const ttft = isMeasured ? bucketOf(facts.ttftMs) : undefined
    // A correction has the real outcome of a call that was counted as lost.
    const failed = (errors.has(outcome) ? 1 : 0) - seq
    for (const { seconds } of steps) {
      const start = time - (time % seconds)
      const key = `${seconds} ${start}\0${model}\0${upstream}`
      let counts = found.get(key)
      if (!counts) {
        counts = noCounts({ seconds, start: new Date(start * 1000).toISOString(), model, upstream })
        found.set(key, counts)
      }
      counts.calls += 1 - seq
      counts.errors += failed
      if (latency !== undefined) counts.latency[latency]! += 1
      if (ttft !== undefined) counts.ttft[ttft]! += 1
    }
  }
  return [...found.values()]
}

function noCounts(named: Pick<Counts, 'seconds' | 'start' | 'model' | 'upstream'>): Counts {
  const none = () => new Array<number>(BUCKETS).fill(0)
  return { ...named, calls: 0, errors: 0, latency: none(), ttft: none() }
}

function bucketOf(ms: number | undefined): number | undefined {
  if (ms === undefined) return undefined
  return Math.min(BUCKETS - 1, Math.floor(Math.log(Math.max(ms, 1)) / GROWTH))
}

/** Every replica updates in the same order, so that there is no deadlock. */
const ADD = `
  insert into performance as kept (seconds, start, model, upstream, calls, errors, latency, ttft)
  select seconds, start, model, upstream, calls, errors, latency::integer[], ttft::integer[]
  from unnest(
    $1::integer[], $2::timestamptz[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[]
  ) as added (seconds, start, model, upstream, calls, errors, latency, ttft)
  order by 1, 2, 3, 4
  on conflict (seconds, start, model, upstream) do update
  set calls = kept.calls + excluded.calls, errors = kept.errors + excluded.errors,
      latency = add_performance(kept.latency, excluded.latency), ttft = add_performance(kept.ttft, excluded.ttft)`
