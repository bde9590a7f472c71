/** Metrics of several processes as those of one. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Aggregator, Counter, Histogram, Registry } from 'prom-client'
import { callHistogram } from '../../../src/telemetry/metrics/call-histogram.ts'
import { createExposition } from '../../../src/telemetry/metrics/exposition.ts'
import {
  cumulative,
  type Family,
  mergeFamilies,
  readFamilies,
} from '../../../src/telemetry/metrics/families.ts'
import { addReadings } from '../../../src/telemetry/metrics/readings.ts'
import { parseMetrics } from '../../prometheus.ts'

/** The metrics of a process that has made these calls, as another process receives them. */
async function familiesOf(calls: { route: string; seconds: number; traceId?: string }[]): Promise<Family[]> {
  const registry = new Registry()
  const count = new Counter({ name: 'calls_total', help: 'C.', labelNames: ['route'], registers: [registry] })
  const own = callHistogram(registry, 'seconds', 'Time.', [1, 10], ['route'])
  const theirs = new Histogram({ name: 'pause_seconds', help: 'P.', buckets: [1], registers: [registry] })
  for (const { route, seconds, traceId } of calls) {
    count.inc({ route })
    own(route).observe(seconds, traceId === undefined ? undefined : { trace_id: traceId })
    theirs.observe(seconds)
  }
  return JSON.parse(JSON.stringify(await readFamilies([registry])))
}

async function samplesOf(families: Family[], accept = 'application/openmetrics-text') {
  const { text } = await createExposition(async () => families)(accept)
  return parseMetrics(text)
}

test('counters and histograms of several processes are those of one process with all calls', async () => {
  const [a, b] = [
    { route: '/a', seconds: 0.5 },
    { route: '/b', seconds: 20 },
  ]

  const merged = mergeFamilies([...(await familiesOf([a, b])), ...(await familiesOf([a]))])

  for (const accept of ['text/plain', 'application/openmetrics-text'])
    assert.deepEqual(await samplesOf(merged, accept), await samplesOf(await familiesOf([a, b, a]), accept))
})

test('of the exemplars of one bucket the newest one stays', async () => {
  const older = await familiesOf([{ route: '/a', seconds: 0.5, traceId: 'older' }])
  const none = await familiesOf([{ route: '/a', seconds: 0.5 }])
  const newer = structuredClone(older)
  for (const { exemplar } of newer.flatMap(({ values }) => values))
    if (exemplar)
      Object.assign(exemplar, { labelSet: { trace_id: 'newer' }, timestamp: exemplar.timestamp + 1 })

  const samples = await samplesOf(mergeFamilies([...none, ...newer, ...older]))

  assert.deepEqual(
    samples.flatMap(({ exemplar }) => exemplar?.labels.trace_id ?? []),
    ['newer'],
  )
})

for (const [aggregator, expected] of [
  [undefined, 7],
  ['sum', 7],
  ['min', 2],
  ['max', 5],
  ['average', 3.5],
  ['first', 5],
  ['omit', undefined],
] as const) {
  test(`a gauge with the aggregator ${aggregator} is ${expected} for 5 and 2`, async () => {
    const read = (value: number, how?: Aggregator) => {
      const registry = new Registry()
      const reading = { name: 'level', help: 'Level.', aggregator: how, read: () => [[value] as const] }
      addReadings(registry, [{ ...reading, type: 'gauge' }])
      return readFamilies([registry])
    }

    const merged = mergeFamilies([...(await read(5, aggregator)), ...(await read(2, aggregator))])

    assert.equal((await samplesOf(merged))[0]?.value, expected)
  })
}

test('what stays of an ended process are its counters and histograms', async () => {
  const registry = new Registry()
  addReadings(registry, [{ type: 'gauge', name: 'level', help: 'Level.', read: () => [[1]] }])
  const families = [...(await readFamilies([registry])), ...(await familiesOf([]))]

  assert.deepEqual(
    cumulative(families).map(({ name }) => name),
    ['calls_total', 'seconds', 'pause_seconds'],
  )
})
