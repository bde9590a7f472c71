import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomes } from '../../src/ledger/call-record.ts'
import { performanceStepFor, readPerformance } from '../../src/ledger/performance.ts'
import { prune } from '../../src/ledger/prune.ts'
import { createRecorder } from '../../src/ledger/record.ts'
import { asRead, type Facts, type Fixture, fixture } from './fixture.ts'

const record = ({ pool }: Fixture, entries: Facts[]) => createRecorder(pool)(entries.map(asRead))
const START = Date.parse('2026-11-20T10:00:00Z')
const range = { from: new Date(START), to: new Date(START + 3_600_000) }
const MINUTE = 60_000

/** The documented error of a percentile. */
const ERROR = 0.073

/** Nearest rank, of the exact values. */
function exact(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
}

function close(found: number | null, expected: number, about: string) {
  assert.ok(
    found !== null && Math.abs(found - expected) <= expected * ERROR,
    `${about}: found ${found}, expected ${expected}`,
  )
}

test('percentiles are within the documented error of the exact ones, by slot, by series and in total', async t => {
  const at = await fixture(t)
  // Long-tailed, from a fraction of a second to the time-out, from a fixed random seed.
  let seed = 20261120
  const random = () => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed / 2147483648
  }
  const made = Array.from({ length: 1200 }, (_, i) => {
    const latencyMs = Math.min(600_000, 150 * Math.exp(random() * random() * 8.3))
    const model = ['claude-haiku-4-5', 'gpt-6-luna'][i % 2]
    const upstream = i % 3 === 0 ? 'ezai' : 'anthropic'
    const facts = { model, upstream, latencyMs, ttftMs: latencyMs * 0.3, outcome: 'ok' }
    return { facts, minute: i % 12 }
  })
  const entries = made.map(({ facts, minute }, i) => ({
    id: `c${i}`,
    at: START + minute * 5 * MINUTE,
    data: facts,
  }))
  // Recorded twice, as after a crash of the drain, but counted once.
  for (let i = 0; i < entries.length; i += 500) await record(at, entries.slice(i, i + 500))
  await record(at, entries.slice(0, 100))

  const found = await readPerformance(at.pool, {
    ...range,
    step: '5m',
    by: ['model', 'upstream'],
    limit: 10,
  })
  const check = (values: number[], { latencyMs, ttftMs, calls }: (typeof found)['all']['total']) => {
    assert.equal(calls, values.length)
    for (const [name, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const) {
      close(latencyMs[name], exact(values, share), `latency ${name}`)
      close(
        ttftMs[name],
        exact(
          values.map(value => value * 0.3),
          share,
        ),
        `ttft ${name}`,
      )
    }
  }
  const valuesOf = (fits: (one: (typeof made)[number]) => boolean) =>
    made.filter(fits).map(({ facts }) => facts.latencyMs)
  check(
    valuesOf(() => true),
    found.all.total,
  )
  assert.equal(found.all.slots.length, 12)
  for (const [minute, slot] of found.all.slots.entries())
    check(
      valuesOf(one => one.minute === minute),
      slot,
    )
  assert.equal(found.series.length, 4)
  for (const { model, upstream, total } of found.series)
    check(
      valuesOf(({ facts }) => facts.model === model && facts.upstream === upstream),
      total,
    )
  const one = await readPerformance(at.pool, {
    ...range,
    ...{ step: 'hour', by: ['upstream'], model: 'gpt-6-luna', limit: 1 },
  })
  assert.deepEqual([one.series.length, one.more, one.all.slots.length], [1, true, 1])
  check(
    valuesOf(({ facts }) => facts.model === 'gpt-6-luna'),
    one.all.total,
  )
})

test('values at the edges of buckets, below a millisecond and of an hour are within the documented error', async t => {
  const at = await fixture(t)
  const edges = [1, 1.15, 1.15 ** 2, 1.15 ** 40, 1.15 ** 40 - 1e-6, 1.15 ** 95, 3_600_000]
  for (const [i, latencyMs] of edges.entries()) {
    const day = START - (i + 1) * 86_400_000
    await record(at, [{ id: `e${i}`, at: day, data: { latencyMs } }])
    const { all } = await readPerformance(at.pool, {
      ...{ from: new Date(day), to: new Date(day + 1), step: 'day', by: [], limit: 1 },
    })
    close(all.total.latencyMs.p50, latencyMs, `an only value of ${latencyMs} ms`)
  }
  await record(at, [{ id: 'fast', data: { latencyMs: 0, ttftMs: 0.01 } }])
  const { all } = await readPerformance(at.pool, {
    ...{ from: new Date('2026-11-20'), to: new Date('2026-11-21'), step: 'day', by: [], limit: 1 },
  })
  close(all.total.latencyMs.p99, 1, 'less than a millisecond')
})

test('failed calls are errors; refused and abandoned calls are not; a correction removes the lost call', async t => {
  const at = await fixture(t)
  const outcomes = ['ok', 'cached', 'coalesced', 'upstream_error', 'client_gone', 'interrupted', 'lost']
  await record(
    at,
    [...outcomes, 'gateway_error'].map((outcome, i) => ({
      id: `o${i}`,
      at: START,
      data: { outcome, latencyMs: outcome === 'cached' ? 1 : 1000 },
    })),
  )
  const read = () => readPerformance(at.pool, { ...range, step: 'hour', by: ['model'], limit: 5 })
  const before = (await read()).all.total
  assert.deepEqual([before.calls, before.errors], [8, 4])
  // Cached calls do not reach an upstream.
  close(before.latencyMs.p50, 1000, 'latency without cached calls')
  await record(at, [{ id: 'o6', seq: 1, at: START, nanos: -5, data: { outcome: 'ok', latencyMs: 4000 } }])
  const { all, series } = await read()
  assert.deepEqual([all.total.calls, all.total.errors, series[0]?.total.errors], [8, 3, 3])
  close(all.total.latencyMs.p99, 4000, 'latency of the corrected call')
})

test('slots cover the range, and are pruned by age', async t => {
  const at = await fixture(t)
  const moments = [START - 1, START, START + 3_600_000 - 1, START + 3_600_000]
  await record(
    at,
    moments.map((moment, i) => ({ id: `m${i}`, at: moment, data: { latencyMs: 5 } })),
  )
  const { all, from, to, since } = await readPerformance(at.pool, {
    ...range,
    ...{ step: '5m', by: [], limit: 1 },
  })
  assert.deepEqual([from, to], [range.from, range.to])
  assert.deepEqual(
    all.slots.map(slot => [slot.at, slot.calls]),
    [
      ['2026-11-20T10:00:00.000Z', 1],
      ['2026-11-20T10:55:00.000Z', 1],
    ],
  )
  assert.ok(since instanceof Date)
  const day = 86_400_000
  const calls = async (step: '5m' | 'hour' | 'day') =>
    (await readPerformance(at.pool, { ...range, step, by: [], limit: 1 })).all.total.calls
  await prune(at.pool, 400, new Date(START + 8 * day))
  assert.deepEqual([await calls('5m'), await calls('hour'), await calls('day')], [0, 2, 4])
  await prune(at.pool, 400, new Date(START + 94 * day))
  assert.deepEqual([await calls('hour'), await calls('day')], [0, 4])
})

test('the default step is the finest one that has counts and fits the range', () => {
  const now = new Date('2026-11-28T12:00:00Z')
  const before = (days: number) => new Date(now.getTime() - days * 86_400_000)
  assert.equal(performanceStepFor(before(0.5), now, now), '5m')
  assert.equal(performanceStepFor(before(1), now, now), 'hour')
  assert.equal(performanceStepFor(before(9), before(8), now), 'hour')
  assert.equal(performanceStepFor(before(7), now, now), 'hour')
  assert.equal(performanceStepFor(before(30), now, now), 'day')
  assert.equal(performanceStepFor(before(100), before(99), now), 'day')
})

test('the rows of an older replica, which a trigger counts, have the same counts', async t => {
  const at = await fixture(t)
  const latencies = [0, 0.4, 1, 1.16, 250, 999.5, 60_000, 5e6, undefined]
  await record(
    at,
    latencies.flatMap((latencyMs, i) =>
      [...outcomes].map(outcome => ({
        id: `${i} ${outcome}`,
        at: START + i * 5 * MINUTE,
        data: {
          outcome,
          latencyMs,
          ttftMs: latencyMs,
          model: `m${i % 2}`,
          upstream: i % 3 ? 'ezai' : undefined,
        },
      })),
    ),
  )
  await record(at, [
    { id: '3 lost', seq: 1, at: START + 15 * MINUTE, data: { outcome: 'ok', latencyMs: 70 } },
  ])
  const counts = 'select * from performance order by seconds, start, model, upstream'
  const { rows: counted } = await at.pool.query(counts)
  await at.pool.query(`
    create temp table copied as select * from calls;
    truncate calls, performance;
    insert into calls select * from copied where seq = 0;
    insert into calls select * from copied where seq = 1`)
  const { rows: expected } = await at.pool.query(counts)
  assert.ok(expected.length > 10)
  assert.deepEqual(counted, expected)
})
