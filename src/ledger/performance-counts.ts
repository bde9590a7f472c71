/** Counts the latency and the errors of rows. 009_performance.sql has the same rules for the rows of older replicas. */

import type { PoolClient } from 'pg'
import type { Outcome } from './call-record.ts'
import type { Row } from './entry.ts'
import { performanceSteps } from './performance.ts'

const BUCKETS = 110
/** Each bucket ends at this multiple of its start. */
const GROWTH = Math.log(1.15)

/** Each step is a multiple of the finest. */
const [finest, ...coarser] = Object.values(performanceSteps).map(({ seconds }) => seconds)
const errors = new Set<Outcome>(['upstream_error', 'gateway_error', 'interrupted', 'lost'])
/** Cached responses and refusals did not reach an upstream; the end of a lost call was not measured. */
const unmeasured = new Set<Outcome>(['cached', 'coalesced', 'refused', 'lost'])

interface Counts {
  seconds: number
  /** Unix time in seconds. */
  start: number
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
  const fine = createGroups(finest!)
  for (const row of rows) {
    const { model = '', upstream = '', outcome, latencyMs, ttftMs } = row.facts
    const counts = fine.at(row.time / 1000, model, upstream)
    counts.calls += 1 - row.seq
    // A correction has the real outcome of a call that was counted as lost.
    counts.errors += (errors.has(outcome) ? 1 : 0) - row.seq
    if (unmeasured.has(outcome)) continue
    if (latencyMs !== undefined) counts.latency[bucketOf(latencyMs)]! += 1
    if (ttftMs !== undefined) counts.ttft[bucketOf(ttftMs)]! += 1
  }
  return [fine.all(), ...coarser.map(seconds => joined(fine.all(), seconds))].flat()
}

/** The counts of a coarser step. */
function joined(fine: Counts[], seconds: number): Counts[] {
  const groups = createGroups(seconds)
  for (const { start, model, upstream, calls, errors, latency, ttft } of fine) {
    const counts = groups.at(start, model, upstream)
    counts.calls += calls
    counts.errors += errors
    for (let i = 0; i < BUCKETS; i++) {
      counts.latency[i]! += latency[i]!
      counts.ttft[i]! += ttft[i]!
    }
  }
  return groups.all()
}

/** Counts by slot, model and upstream. */
function createGroups(seconds: number) {
  const found = new Map<string, Counts>()
  const none = () => new Array<number>(BUCKETS).fill(0)
  return {
    at(time: number, model: string, upstream: string): Counts {
      const start = time - (time % seconds)
      const key = `${start}\0${model}\0${upstream}`
      const known = found.get(key)
      if (known) return known
      const counts = { seconds, start, model, upstream, calls: 0, errors: 0, latency: none(), ttft: none() }
      found.set(key, counts)
      return counts
    },
    all: () => [...found.values()],
  }
}

function bucketOf(ms: number): number {
  return Math.min(BUCKETS - 1, Math.floor(Math.log(Math.max(ms, 1)) / GROWTH))
}

/** Every replica updates in the same order, so that there is no deadlock. */
const ADD = `
  insert into performance as kept (seconds, start, model, upstream, calls, errors, latency, ttft)
  select seconds, to_timestamp(start), model, upstream, calls, errors, latency::integer[], ttft::integer[]
  from unnest(
    $1::integer[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[]
  ) as added (seconds, start, model, upstream, calls, errors, latency, ttft)
  order by 1, 2, 3, 4
  on conflict (seconds, start, model, upstream) do update
  set calls = kept.calls + excluded.calls, errors = kept.errors + excluded.errors,
      latency = add_performance(kept.latency, excluded.latency), ttft = add_performance(kept.ttft, excluded.ttft)`
