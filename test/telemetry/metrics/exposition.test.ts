/** Metrics in Prometheus's text format and in OpenMetrics. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Histogram, Registry } from 'prom-client'
import { callCounter } from '../../../src/telemetry/metrics/call-counter.ts'
import { callHistogram } from '../../../src/telemetry/metrics/call-histogram.ts'
import { createExposition } from '../../../src/telemetry/metrics/exposition.ts'
import { readFamilies } from '../../../src/telemetry/metrics/families.ts'
import { addReadings, type Row } from '../../../src/telemetry/metrics/readings.ts'
import { parseMetrics } from '../../prometheus.ts'

const OPEN_METRICS = 'application/openmetrics-text'

async function textOf(registry: Registry, accept?: string): Promise<string> {
  return (await createExposition(() => readFamilies([registry]))(accept)).text
}

test('a counter is the sum of its additions, in one series for each combination of labels', async () => {
  const registry = new Registry()
  const calls = new Counter({
    name: 'calls_total',
    help: 'Calls.',
    labelNames: ['route', 'outcome'],
    registers: [registry],
  })

  calls.inc({ route: '/a', outcome: 'ok' }, 1)
  calls.inc({ route: '/a', outcome: 'ok' }, 2)
  calls.inc({ route: '/a', outcome: 'refused' }, 1)

  assert.equal(
    await textOf(registry),
    '# HELP calls_total Calls.\n# TYPE calls_total counter\n' +
      'calls_total{route="/a",outcome="ok"} 3\ncalls_total{route="/a",outcome="refused"} 1\n',
  )
})

test('a histogram counts each value in every bucket it fits', async () => {
  const registry = new Registry()
  const duration = callHistogram(registry, 'seconds', 'Time.', [0.1, 1])()

  for (const value of [0.1, 0.5, 7]) duration.observe(value)

  const samples = parseMetrics(await textOf(registry))
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

test("a histogram of calls is written as prom-client's own histogram", async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const config = { name: 'seconds', help: 'Time.', buckets: [0.1, 1, 10] }
  const own = callHistogram(ours, config.name, config.help, config.buckets, ['route', 'result'])
  const histogram = new Histogram({ ...config, labelNames: ['route', 'result'], registers: [theirs] })

  for (const [value, route] of [
    [0.1, '/a'],
    [0.5, '/b'],
    [70, '/a'],
    [0.05, '/a'],
  ] as const) {
    own(route, 'ok').observe(value)
    histogram.observe({ route, result: 'ok' }, value)
  }

  for (const accept of ['text/plain', OPEN_METRICS]) {
    const samples = parseMetrics(await textOf(ours, accept))
    assert.equal(samples.length, 12)
    assert.deepEqual(samples, parseMetrics(await textOf(theirs, accept)))
  }
})

test("a counter of calls is written as prom-client's own counter", async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const config = { name: 'calls_total', help: 'Calls.', labelNames: ['route', 'outcome'] }
  const own = callCounter(ours, config.name, config.help, config.labelNames)
  const counter = new Counter({ ...config, registers: [theirs] })
  callCounter(ours, 'faults_total', 'Faults.')()
  new Counter({ name: 'faults_total', help: 'Faults.', registers: [theirs] })

  for (const [amount, route] of [
    [1, '/a'],
    [2, '/b'],
    [3, '/a'],
    [0, '/c'],
  ] as const) {
    own(route, 'ok').add(amount)
    counter.inc({ route, outcome: 'ok' }, amount)
  }

  for (const accept of ['text/plain', OPEN_METRICS])
    assert.equal(await textOf(ours, accept), await textOf(theirs, accept))
})

test('a counter of calls shows its sum in the unit of the metric', async () => {
  const registry = new Registry()
  const cost = callCounter(registry, 'usd_total', 'Cost.', [], nanos => nanos / 1e9)()
  for (let call = 0; call < 10; call++) cost.add(100_000_001)
  assert.equal(parseMetrics(await textOf(registry))[0]?.value, 1.00000001)
})

test('a label may contain any character', async () => {
  const registry = new Registry()
  const value = 'a "quoted" \\ back\\nslash\nand a line, too="x"} 1'

  new Counter({ name: 'calls_total', help: 'Calls.', labelNames: ['model'], registers: [registry] }).inc({
    model: value,
  })

  for (const accept of ['text/plain', OPEN_METRICS])
    assert.equal(parseMetrics(await textOf(registry, accept))[0]?.labels.model, value)
})

test('a metric that is read at the scrape has only the current series', async () => {
  const registry = new Registry()
  let names = ['a', 'b']
  let level: number | undefined = 0
  const read = () => names.map((name): Row => [1, name])
  addReadings(registry, [
    { type: 'gauge', name: 'open', help: 'Open.', labels: ['name'], read },
    { type: 'gauge', name: 'level', help: 'Level.', read: () => (level === undefined ? [] : [[level]]) },
  ])
  assert.equal(parseMetrics(await textOf(registry)).length, 3)
  names = ['b']
  level = undefined

  assert.deepEqual(
    parseMetrics(await textOf(registry)).map(({ labels }) => labels.name),
    ['b'],
  )
})

test('a metric that cannot be read is absent, and the others are shown', async () => {
  const registry = new Registry()
  new Counter({ name: 'calls_total', help: 'Calls.', registers: [registry] }).inc()
  const fail = (): Row[] => {
    throw new Error('unreachable')
  }
  addReadings(registry, [
    { type: 'gauge', name: 'sync', help: 'Sync.', read: fail },
    { type: 'counter', name: 'async_total', help: 'Async.', read: async () => fail() },
  ])

  for (const accept of ['text/plain', OPEN_METRICS])
    assert.deepEqual(
      parseMetrics(await textOf(registry, accept)).map(({ name }) => name),
      ['calls_total'],
    )
})

test('the metrics of several registries are written together', async () => {
  const registries = ['a', 'b'].map(name => {
    const registry = new Registry()
    addReadings(registry, [{ type: 'gauge', name, help: 'One.', read: () => [[1]] }])
    return registry
  })

  const { text } = await createExposition(() => readFamilies(registries))(undefined)

  assert.deepEqual(
    parseMetrics(text).map(({ name }) => name),
    ['a', 'b'],
  )
})

test('counters keep their names in both formats, whichever is asked for first', async () => {
  const registry = new Registry()
  new Counter({ name: 'faults_total', help: 'Faults.', registers: [registry] }).inc(2)
  new Counter({ name: 'calls_total', help: 'Calls.', registers: [registry] }).inc()
  const expose = createExposition(() => readFamilies([registry]))

  const first = await expose(OPEN_METRICS)
  const second = await expose('text/plain')

  assert.equal(
    first.text,
    '# HELP faults Faults.\n# TYPE faults counter\nfaults_total 2\n' +
      '# HELP calls Calls.\n# TYPE calls counter\ncalls_total 1\n# EOF\n',
  )
  assert.match(second.text, /^# TYPE faults_total counter\nfaults_total 2$/m)
  assert.match(second.text, /^# TYPE calls_total counter\ncalls_total 1$/m)
  assert.equal((await expose(OPEN_METRICS)).text, first.text)
})

test('an observation with a trace adds an exemplar to its bucket, in OpenMetrics only', async () => {
  const registry = new Registry()
  const duration = callHistogram(registry, 'seconds', 'Time.', [0.1, 1], ['route'])
  duration('/a').observe(0.5, { trace_id: 'aa' })
  duration('/a').observe(0.6, { trace_id: 'bb' })
  duration('/a').observe(0.7)
  duration('/a').observe(7, { trace_id: 'cc' })

  const samples = parseMetrics(await textOf(registry, OPEN_METRICS))

  assert.deepEqual(
    samples.map(({ labels, value, exemplar }) => [
      labels.le,
      value,
      exemplar?.labels.trace_id,
      exemplar?.value,
    ]),
    [
      ['0.1', 0, undefined, undefined],
      ['1.0', 3, 'bb', 0.6],
      ['+Inf', 4, 'cc', 7],
      [undefined, 8.8, undefined, undefined],
      [undefined, 4, undefined, undefined],
    ],
  )
  assert.doesNotMatch(await textOf(registry), /trace_id/)
})

test('the format is the one that the Accept header prefers, else the text format', async () => {
  const expose = createExposition(async () => [])
  const prometheus =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
    'application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,' +
    'text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
  const openMetrics = [
    prometheus,
    OPEN_METRICS,
    'Application/OpenMetrics-Text ; Version="1.0.0" ; Q=0.5',
    'text/plain; q=0.9, application/openmetrics-text',
    'text/plain;q=0.5,application/openmetrics-text; version=1.0.0; q=0.51',
    'text/plain;q=0, */*',
    'application/*',
  ]
  const text = [
    undefined,
    '',
    '*/*',
    'text/*',
    'text/plain;version=0.0.4',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'application/openmetrics-text;q=0.2,text/plain;q=0.3',
    'application/openmetrics-text; q=0, */*',
    'application/openmetrics-text;q=0',
    'application/json',
    'no media type;;,',
  ]

  for (const accept of openMetrics)
    assert.equal((await expose(accept)).contentType, Registry.OPENMETRICS_CONTENT_TYPE, accept)
  for (const accept of text)
    assert.equal((await expose(accept)).contentType, Registry.PROMETHEUS_CONTENT_TYPE, String(accept))
})
