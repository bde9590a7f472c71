/** The export of spans: encoding, batches, the queue, retries, and a collector that is away or hangs. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createTraceState, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { tracesOptions } from '../../../src/config/traces-options.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createSpans, type Spans } from '../../../src/telemetry/traces/exporter.ts'
import { startCollector } from '../../collector.ts'
import { configOf } from '../../config-of.ts'
import { freePort } from '../../servers.ts'
import { until } from '../../until.ts'

interface Exporting {
  spans: Spans
  /** The log. */
  lines: Record<string, unknown>[]
  push(...names: string[]): void
}

/** Spans that are exported as these variables say. */
function exporting(t: TestContext, endpoint: string, variables: Record<string, string> = {}): Exporting {
  const lines: Record<string, unknown>[] = []
  const log = createLogger('trace', { write: line => void lines.push(JSON.parse(line)) })
  const options = tracesOptions(
    configOf({
      EZAI_API_KEY: 'key',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '10',
      // Shorter than the first pause before a retry, which is 1 s and up to a fifth less.
      OTEL_EXPORTER_OTLP_TIMEOUT: '700',
      ...variables,
    }),
  )
  assert.ok(options)
  const spans = createSpans({ ...options, version: '1', log })
  t.after(() => spans.stop(0))
  return { spans, lines, push: (...names) => spans.push(names.map(name => span(name, spans))) }
}

function span(name: string, { origin }: Spans): ReadableSpan {
  const traceId = '1'.repeat(32)
  const traceFlags = TraceFlags.SAMPLED
  const traceState = createTraceState('a=1')
  return {
    name,
    kind: SpanKind.CLIENT,
    spanContext: () => ({ traceId, spanId: '2'.repeat(16), traceFlags, traceState }),
    parentSpanContext: { traceId, spanId: '3'.repeat(16), traceFlags },
    startTime: [1, 1000],
    endTime: [2, 0],
    duration: [0, 999_999_000],
    ended: true,
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'a.text': 'x', 'a.number': 1.5, 'a.flag': true },
    links: [],
    events: [],
    ...origin,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

const warnings = (lines: Exporting['lines']) =>
  lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg)

for (const [protocol, type] of [
  ['http/protobuf', 'application/x-protobuf'],
  ['http/json', 'application/json'],
] as const) {
  test(`${protocol} has ids, times, attributes and status of a span`, async t => {
    const collector = await startCollector(t)
    const { push } = exporting(t, collector.url, { OTEL_EXPORTER_OTLP_PROTOCOL: protocol })

    push('call')

    const taken = await collector.span('call')
    assert.equal(collector.exports[0]?.headers['content-type'], type)
    const { traceId, spanId, parentSpanId, traceState, kind, status, attributes } = taken
    assert.deepEqual(
      { traceId, spanId, parentSpanId, traceState, kind, status },
      {
        traceId: '1'.repeat(32),
        spanId: '2'.repeat(16),
        parentSpanId: '3'.repeat(16),
        traceState: 'a=1',
        kind: 3,
        status: { code: 2 },
      },
    )
    assert.deepEqual(attributes, { 'a.text': 'x', 'a.number': 1.5, 'a.flag': true })
    assert.deepEqual([taken.startTimeUnixNano, taken.endTimeUnixNano], ['1000001000', '2000000000'])
  })

  test(`spans that the collector rejects from a batch of ${protocol} are counted as dropped`, async t => {
    const collector = await startCollector(t)
    // In protobuf: partial_success (1) { rejected_spans (1): 1 }.
    const body =
      protocol === 'http/json' ? '{"partialSuccess":{"rejectedSpans":"1"}}' : Buffer.from([0x0a, 2, 0x08, 1])
    collector.reply(200, body)
    const { spans, push } = exporting(t, collector.url, { OTEL_EXPORTER_OTLP_PROTOCOL: protocol })

    push('one', 'two')

    await until(async () => spans.exported === 1 && spans.dropped === 1)
  })
}

test('spans are dropped and counted if the queue has no room for them', async t => {
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const { spans, push } = exporting(t, endpoint, { OTEL_BSP_MAX_QUEUE_SIZE: '3' })

  for (let i = 0; i < 5; i++) push('call')

  assert.equal(spans.dropped, 2)
})

test('the spans of one call are dropped together', async t => {
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const { spans, push } = exporting(t, endpoint, { OTEL_BSP_MAX_QUEUE_SIZE: '4' })

  push('call', 'admit', 'chat')
  push('call', 'admit', 'chat')

  assert.equal(spans.dropped, 3)
})

test('a batch that the collector refuses is dropped, and the next batch is sent', async t => {
  const collector = await startCollector(t)
  collector.reply(400)
  const { spans, push, lines } = exporting(t, collector.url)
  push('refused')
  await until(async () => spans.dropped === 1)
  push('refused')
  await until(async () => spans.dropped === 2)
  collector.reply(200)

  push('taken')

  await until(async () => spans.exported === 1)
  assert.deepEqual(
    collector.spans.map(({ name }) => name),
    ['taken'],
  )
  const logged = lines.map(({ level, msg, status }) => [level, msg, status])
  assert.deepEqual(logged, [
    ['warn', 'the collector refuses spans', 400],
    ['info', 'traces are exported again', undefined],
  ])
})

test('a batch is sent again after a 503', async t => {
  const collector = await startCollector(t)
  collector.reply(503)
  const { spans, push } = exporting(t, collector.url, { OTEL_EXPORTER_OTLP_TIMEOUT: '60000' })
  push('call')
  await until(async () => collector.exports.length === 1)
  collector.reply(200)

  await spans.stop(60_000)

  assert.equal(spans.exported, 1)
  assert.equal(spans.dropped, 0)
})

test('an outage is logged once, with its end', async t => {
  const collector = await startCollector(t)
  collector.reply(503)
  const { spans, push, lines } = exporting(t, collector.url)
  for (const dropped of [1, 2, 3]) {
    push('call')
    await until(async () => spans.dropped === dropped)
  }
  collector.reply(200)

  push('call')

  await until(async () => spans.exported === 1)
  const logged = lines.map(({ level, msg }) => [level, msg])
  assert.deepEqual(logged, [
    ['warn', 'traces are not exported; each batch is retried, and then is dropped'],
    ['info', 'traces are exported again'],
  ])
})

test('a long queue is sent in batches', async t => {
  const collector = await startCollector(t)
  const { spans, push } = exporting(t, collector.url)

  push(...Array.from({ length: 1300 }, () => 'call'))

  await until(async () => spans.exported === 1300)
  assert.equal(collector.exports.length, 3)
})

test('the largest batch is OTEL_BSP_MAX_EXPORT_BATCH_SIZE, and at most the queue', async t => {
  const collector = await startCollector(t)
  const small = exporting(t, collector.url, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2' })
  small.push('one', 'two', 'three', 'four')
  await until(async () => small.spans.exported === 4)
  assert.equal(collector.exports.length, 2)

  const queue = { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5', OTEL_BSP_MAX_QUEUE_SIZE: '2' }
  const { push, spans, lines } = exporting(t, collector.url, queue)
  push('one', 'two')
  await until(async () => spans.exported === 2)
  assert.deepEqual(warnings(lines), [])
})

test('OTEL_BSP_SCHEDULE_DELAY is how long a span waits for a full batch', async t => {
  const collector = await startCollector(t)
  const delayed = { OTEL_BSP_SCHEDULE_DELAY: '600000', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2' }
  const { push, spans } = exporting(t, collector.url, delayed)

  push('one', 'two')
  await until(async () => spans.exported === 2)
  push('three')
  await spans.stop(60_000)

  assert.equal(spans.exported, 3)
  assert.equal(collector.exports.length, 2)
})

test('gzip compresses the requests, and OTEL_EXPORTER_OTLP_TRACES_COMPRESSION has precedence', async t => {
  const collector = await startCollector(t)
  const gzip = exporting(t, collector.url, { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' })
  gzip.push('packed')
  await collector.span('packed')

  const general = { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip', OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none' }
  exporting(t, collector.url, general).push('plain')
  await collector.span('plain')

  assert.deepEqual(
    collector.exports.map(({ headers }) => headers['content-encoding']),
    ['gzip', undefined],
  )
})

test('a collector that hangs costs its spans after OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', async t => {
  const collector = await startCollector(t)
  collector.hang()
  const timeouts = { OTEL_EXPORTER_OTLP_TIMEOUT: '600000', OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '50' }
  const { push, spans, lines } = exporting(t, collector.url, timeouts)

  push('call')

  await until(async () => spans.dropped === 1)
  assert.match(String(warnings(lines)), /^traces are not exported/)
})

test('an export that does not end is dropped after OTEL_BSP_EXPORT_TIMEOUT, and the next batch is sent', async t => {
  const collector = await startCollector(t)
  collector.hang()
  const { push, spans, lines } = exporting(t, collector.url, { OTEL_BSP_EXPORT_TIMEOUT: '50' })
  push('lost')
  await until(async () => spans.dropped === 1)
  assert.match(JSON.stringify(lines[0]?.err), /the export took longer than 50 ms/)
  collector.reply(200)

  // A busy machine may need more than 50 ms for an export.
  await until(async () => {
    push('taken')
    return spans.exported > 0
  })

  assert.deepEqual(
    lines.slice(0, 2).map(({ level }) => level),
    ['warn', 'info'],
  )
})

test('the shutdown gives up after its limit while the collector hangs', async t => {
  const collector = await startCollector(t)
  collector.hang()
  const { push, spans } = exporting(t, collector.url)
  push('one')
  await until(async () => collector.exports.length === 1)
  push('two')

  await spans.stop(50)

  assert.equal(spans.dropped, 2)
})

test('a response that is not OTLP is warned of once', async t => {
  const collector = await startCollector(t)
  collector.reply(200, '<html>')
  const { push, spans, lines } = exporting(t, collector.url, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' })

  for (const exported of [1, 2, 3]) {
    push('call')
    await until(async () => spans.exported === exported)
  }

  assert.deepEqual(
    lines.map(({ level, msg, detail }) => [level, msg, detail]),
    [['warn', 'the OpenTelemetry SDK warns', 'Failed to parse trace export response']],
  )
})

test('no log line has a header for the collector, whatever the collector responds', async t => {
  const secret = 'collector-key-in-a-header'
  const collector = await startCollector(t)
  const variables = {
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${secret}`,
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: `x-key=${secret}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  }
  const { push, spans, lines } = exporting(t, collector.url, variables)
  const repeated = `{"partialSuccess":{"rejectedSpans":"1","errorMessage":"${secret}"}}`
  for (const [count, reply] of [
    [1, () => collector.reply(401, secret, secret)],
    [2, () => collector.reply(503, secret, secret)],
    [3, () => collector.reply(200, repeated)],
    [4, () => collector.reply(302, secret, secret)],
    [4, () => collector.reply(200, secret)],
  ] as const) {
    reply()
    push('call')
    await until(async () => spans.dropped === count && (count < 4 || collector.exports.length >= 4))
  }
  await until(async () => spans.exported === 1)

  assert.equal(collector.exports[0]?.headers.authorization, `Bearer ${secret}`)
  assert.ok(lines.length > 0)
  assert.doesNotMatch(JSON.stringify(lines), new RegExp(secret))
})

test('a header that cannot be sent is logged without its value', async t => {
  const collector = await startCollector(t)
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: 'x-key=first%0Asecond' }
  const { push, spans, lines } = exporting(t, collector.url, headers)

  push('call')

  await until(async () => spans.dropped === 1)
  assert.match(JSON.stringify(lines[0]?.err), /x-key/)
  assert.doesNotMatch(JSON.stringify(lines), /first|second/)
})
