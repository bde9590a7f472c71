/** What metrics, traces and alerts say of failed attempts that were followed by a success. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startReceiver } from '../alerts/fixture.ts'
import { startCollector } from '../collector.ts'
import { message } from '../gateway.ts'
import { scrape } from '../prometheus.ts'
import { type Routed, startRouted } from '../routed.ts'
import { until } from '../until.ts'

const HAIKU = { models: ['claude-haiku-*'], order: ['first', 'second'] }
const names = ['first', 'second'] as const
const model = 'claude-haiku-4-5'

async function call({ gateway }: Routed<'first' | 'second'>, prompt = 'hello') {
  const key = await gateway.client({ name: 'frontend' })
  const response = await gateway.post('/v1/messages', key, message(prompt))
  await response.arrayBuffer()
  await gateway.line(response.headers.get('request-id'))
  return response.status
}

test('each attempt is counted once, and its time is not overhead', async t => {
  const routed = await startRouted(t, { names, routes: [HAIKU] })
  routed.providers.first.next('delay 1100ms, status 529')

  assert.equal(await call(routed), 200)

  const { value } = await scrape(routed.gateway.url)
  const attempts = (upstream: string, result: string) =>
    value('tollgate_upstream_attempts_total', { upstream, model, result })
  assert.deepEqual([attempts('first', 'upstream_overloaded'), attempts('second', 'ok')], [1, 1])
  const failed = { upstream: 'first', kind: 'upstream_overloaded' }
  assert.equal(value('tollgate_upstream_errors_total', failed), 1)
  assert.equal(value('tollgate_calls_total', { upstream: 'second', outcome: 'ok' }), 1)
  assert.equal(value('tollgate_overhead_seconds_bucket', { result: 'forwarded', le: '1' }), 1)
})

test('if all attempts fail, each one is counted once', async t => {
  const routed = await startRouted(t, { names, routes: [HAIKU] })
  for (const name of names) routed.providers[name].next('status 500')

  assert.equal(await call(routed), 502)

  const { samples } = await scrape(routed.gateway.url)
  const counted = (metric: string) =>
    samples
      .filter(({ name }) => name === metric)
      .map(({ labels, value }) => [labels.upstream, labels.result ?? labels.kind, value])
  const expected = [
    ['first', 'upstream_error', 1],
    ['second', 'upstream_error', 1],
  ]
  assert.deepEqual(counted('tollgate_upstream_attempts_total'), expected)
  assert.deepEqual(counted('tollgate_upstream_errors_total'), expected)
})

test('a failed attempt has a span of its own', async t => {
  const collector = await startCollector(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
  const routed = await startRouted(t, { names, routes: [HAIKU], options: { env } })
  routed.providers.first.next('status 529')

  assert.equal(await call(routed), 200)

  const spans = await until(async () => {
    const found = collector.spans.filter(({ name }) => name === `chat ${model}`)
    return found.length === 2 && found
  })
  const parent = await collector.span('POST /v1/messages')
  const sent = names.map(name => String(routed.providers[name].calls[0]?.headers.traceparent).split('-')[2])
  assert.deepEqual(
    sent,
    spans.map(({ spanId }) => spanId),
  )
  assert.deepEqual(
    spans.map(({ attributes, parentSpanId, status }) => [
      attributes['server.port'],
      attributes['error.type'],
      parentSpanId,
      status?.code,
    ]),
    [
      [routed.providers.first.port, 'upstream_overloaded', parent.spanId, 2],
      [routed.providers.second.port, undefined, parent.spanId, undefined],
    ],
  )
})

for (const [status, kind] of [
  [401, 'upstream_refused_us'],
  [403, 'upstream_forbidden'],
] as const)
  test(`a ${status} raises ${kind} even if the next target serves the call`, async t => {
    const routed = await startRouted(t, { names, routes: [HAIKU] })
    routed.providers.first.next(`status ${status}`)

    assert.equal(await call(routed), 200)

    const alerts = await until(async () => {
      const { body } = await routed.gateway.admin('GET', '/alerts')
      return Array.isArray(body.alerts) && body.alerts.length > 0 && body.alerts
    })
    assert.deepEqual(
      alerts.map(({ kind, scope }) => [kind, scope]),
      [[kind, 'upstream:first']],
    )
  })

test('a file of upstreams that becomes faulty raises an alert and sets a gauge until it is right again', async t => {
  const receiver = await startReceiver(t)
  const { gateway, providers, write } = await startRouted(t, {
    names,
    options: { env: { ALERT_WEBHOOK_URL: receiver.url } },
  })
  const faulty = async () => (await scrape(gateway.url)).value('tollgate_upstreams_faulty')
  assert.equal(await faulty(), 0)

  await write('upstreams: [')
  const alert = await until(async () =>
    receiver.posts
      .map(({ body }) => JSON.parse(body).metadata.event_payload)
      .find(({ kind }) => kind === 'upstreams_faulty'),
  )

  assert.match(alert.details.fault, /UPSTREAMS_FILE/)
  assert.equal(await faulty(), 1)
  const first = {
    name: 'first',
    type: 'ezai',
    baseUrl: providers.first.url,
    keys: [{ env: 'KEY_OF_FIRST' }],
  }
  await write({ upstreams: [first] })
  await until(async () => (await faulty()) === 0)
})
