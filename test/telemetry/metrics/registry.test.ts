/** The metrics' text: what Prometheus reads. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '../../../src/telemetry/metrics/registry.ts'
import { parseMetrics } from '../../prometheus.ts'

test('a counter is the sum of what was added, one series for each combination of labels', async () => {
  const registry = createRegistry()
  const calls = registry.counter('calls_total', 'Calls.', ['route', 'outcome'])

  calls.series('/a', 'ok').add(1)
  calls.series('/a', 'ok').add(2)
  calls.series('/a', 'refused').add(1)

  assert.equal(
    await registry.scrape(),
    '# HELP calls_total Calls.\n# TYPE calls_total counter\n' +
      'calls_total{route="/a",outcome="ok"} 3\ncalls_total{route="/a",outcome="refused"} 1\n',
  )
})

test('a histogram counts each value in every bucket it fits', async () => {
  const registry = createRegistry()
  const duration = registry.histogram('seconds', 'Time.', [0.1, 1]).series()

  for (const value of [0.1, 0.5, 7]) duration.observe(value)

  const samples = parseMetrics(await registry.scrape())
  assert.deepEqual(
    samples.map(({ name, labels, value }) => [name, labels.le, value]),
    [
      ['seconds_bucket', '0.1', 1],
      ['seconds_bucket', '1', 2],
      ['seconds_bucket', '+Inf', 3],
      ['seconds_sum', undefined, 7.6],
      ['seconds_count', undefined, 3],
    ],
  )
})

test('a label may hold anything', async () => {
  const registry = createRegistry()
  const value = 'a "quoted" \\ back\\nslash\nand a line, too="x"'

  registry.counter('calls_total', 'Calls.', ['model']).series(value).add(1)

  assert.equal(parseMetrics(await registry.scrape())[0]?.labels.model, value)
})

test('what is read at each scrape shows only what is there now', async () => {
  const registry = createRegistry()
  const open = registry.sampled('gauge', 'open', 'Open.', ['name'])
  let names = ['a', 'b']
  registry.onScrape(() => {
    open.clear()
    for (const name of names) open.set(1, name)
  })
  await registry.scrape()
  names = ['b']

  assert.deepEqual(
    parseMetrics(await registry.scrape()).map(({ labels }) => labels.name),
    ['b'],
  )
})

test('a reading that fails leaves out its own numbers, and no others', async () => {
  const registry = createRegistry()
  registry.counter('calls_total', 'Calls.').series().add(1)
  registry.onScrape(async () => {
    throw new Error('away')
  })

  assert.equal(parseMetrics(await registry.scrape()).length, 1)
})
