/** Spans on their way: bounded, in batches, and given up rather than waited for. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createSpans, type SpansOptions } from '../../../src/telemetry/traces/exporter.ts'
import { CLIENT, type Span } from '../../../src/telemetry/traces/otlp.ts'
import { startCollector } from '../../collector.ts'
import { freePort } from '../../servers.ts'
import { until } from '../../until.ts'

const quiet = createLogger('silent')

function span(name: string): Span {
  const times = { startTimeUnixNano: '1', endTimeUnixNano: '2' }
  return { traceId: '1'.repeat(32), spanId: '2'.repeat(16), name, kind: CLIENT, ...times, attributes: [] }
}

function spansTo(url: string, more: Partial<SpansOptions> = {}) {
  const fixed = { headers: {}, resource: {}, version: '1', log: quiet }
  return createSpans({ url, everyMs: 10, ...fixed, ...more })
}

test('more spans than may wait are dropped and counted', async () => {
  const spans = spansTo(`http://127.0.0.1:${await freePort()}`, { most: 3 })

  for (let i = 0; i < 5; i++) spans.push([span('call')])

  assert.equal(spans.dropped, 2)
  await spans.stop(1000)
})

test('spans that the collector refuses for good are dropped, and those after them go through', async t => {
  const collector = await startCollector(t)
  collector.answer(400)
  const spans = spansTo(collector.url)
  spans.push([span('refused')])
  await until(async () => spans.dropped === 1)
  collector.answer(200)

  spans.push([span('taken')])

  await until(async () => spans.exported === 1)
  assert.deepEqual(
    collector.spans.map(({ name }) => name),
    ['taken'],
  )
  await spans.stop(1000)
})

test('a collector that is busy gets the same spans again', async t => {
  const collector = await startCollector(t)
  collector.answer(503)
  const spans = spansTo(collector.url)
  spans.push([span('call')])
  await until(async () => collector.exports.length === 1)
  collector.answer(200)

  await spans.stop(5000)

  assert.equal(spans.exported, 1)
  assert.equal(spans.dropped, 0)
})

test('what a collector rejects of a batch is counted as dropped', async t => {
  const collector = await startCollector(t)
  collector.answer(200, '{"partialSuccess":{"rejectedSpans":"1"}}')
  const spans = spansTo(collector.url)

  spans.push([span('one'), span('two')])

  await until(async () => spans.exported === 1 && spans.dropped === 1)
  await spans.stop(1000)
})

test('a large queue leaves in batches', async t => {
  const collector = await startCollector(t)
  const spans = spansTo(collector.url, { everyMs: 60_000 })

  spans.push(Array.from({ length: 1300 }, () => span('call')))

  await until(async () => spans.exported === 1300)
  assert.equal(collector.exports.length, 3)
  await spans.stop(1000)
})
