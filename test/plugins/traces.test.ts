/** Traces: each call is a span in its caller's trace, and nothing of them can harm a call. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCollector } from '../collector.ts'
import { message, startGateway, UPSTREAM_KEY } from '../gateway.ts'
import { freePort } from '../servers.ts'
import { until } from '../until.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = '00f067aa0ba902b7'
const traceparent = `00-${TRACE}-${CALLER}-01`
const CALL = 'POST /v1/messages'
const UPSTREAM = 'chat claude-haiku-4-5'

const traced = (url: string, more: Record<string, string> = {}) => ({
  env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...more },
})

test('a call is a span in the trace of its caller, with its admission and its talk with the provider below it', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  const key = await gateway.client({ name: 'frontend', team: 'web', budget: { day: 5 } })

  const answer = await gateway.post('/v1/messages', key, message('hello'), { headers: { traceparent } })

  const call = await collector.span(CALL)
  const [admit, upstream] = [await collector.span('admit'), await collector.span(UPSTREAM)]
  assert.deepEqual(
    [call, admit, upstream].map(({ traceId, parentSpanId }) => [traceId, parentSpanId]),
    [
      [TRACE, CALLER],
      [TRACE, call.spanId],
      [TRACE, call.spanId],
    ],
  )
  const line = await gateway.line(answer.headers.get('request-id'))
  const expected = {
    'http.route': '/v1/messages',
    'http.response.status_code': 200,
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-haiku-4-5',
    'gen_ai.response.model': 'claude-haiku-4-5',
    'gen_ai.usage.input_tokens': line.inputTokens,
    'gen_ai.usage.output_tokens': line.outputTokens,
    'tollgate.request.id': answer.headers.get('request-id'),
    'tollgate.client': 'frontend',
    'tollgate.team': 'web',
    'tollgate.outcome': 'ok',
    'tollgate.cost_usd': line.costUsd,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(call.attributes[name], value, name)
})

test('the provider gets the context of the span that its own work belongs under', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  const key = await gateway.client({ name: 'frontend' })
  const headers = { traceparent, tracestate: 'vendor=opaque', baggage: 'user=somebody' }

  await gateway.post('/v1/messages', key, message('hello'), { headers })

  const { spanId } = await collector.span(UPSTREAM)
  const sent = gateway.provider.calls[0]?.headers ?? {}
  assert.equal(sent.traceparent, `00-${TRACE}-${spanId}-01`)
  assert.equal(sent.tracestate, 'vendor=opaque')
  assert.equal(sent.baggage, undefined)
})

test('the line of a call names its trace', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  const key = await gateway.client({ name: 'frontend' })

  const answer = await gateway.post('/v1/messages', key, message('hello'), { headers: { traceparent } })

  const { traceId, spanId } = await gateway.line(answer.headers.get('request-id'))
  assert.equal(traceId, TRACE)
  assert.equal(spanId, (await collector.span(CALL)).spanId)
})

test('a call that fails says how, on its own span and on that of the talk with the provider', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  const key = await gateway.client({ name: 'frontend' })

  await gateway.post('/v1/messages', key, message('[[scenario: status 500]]'))

  for (const name of [CALL, UPSTREAM]) {
    const { attributes, status } = await collector.span(name)
    assert.equal(attributes['error.type'], 'upstream_error')
    assert.deepEqual(status, { code: 2 })
  }
})

test('a refusal is the fault of the caller, and no failed span', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))

  await gateway.post('/v1/messages', undefined, message('hello'))

  const { attributes, status, parentSpanId } = await collector.span(CALL)
  assert.equal(attributes['error.type'], 'missing_key')
  assert.equal(status, undefined)
  assert.equal(parentSpanId, undefined)
})

test('no prompt, no answer and no key is in a span', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  const key = await gateway.client({ name: 'frontend' })
  const prompt = 'the-secret-in-the-prompt'

  await gateway.post('/v1/messages', key, message(prompt))
  await gateway.post('/v1/messages', key, message(`${prompt} [[scenario: status 400]]`))
  await gateway.post('/v1/messages', key, message(prompt, { max_tokens: prompt }))

  await until(async () => collector.spans.filter(({ name }) => name === CALL).length === 3)
  const seen = JSON.stringify(collector.spans)
  for (const secret of [prompt, key, UPSTREAM_KEY]) assert.ok(!seen.includes(secret), secret)
})

test('a trace that its caller does not sample is not exported, and goes on unsampled', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  const key = await gateway.client({ name: 'frontend' })
  const unsampled = { traceparent: `00-${TRACE}-${CALLER}-00` }

  await gateway.post('/v1/messages', key, message('hello'), { headers: unsampled })
  await gateway.post('/v1/messages', key, message('another'))

  await collector.span(CALL)
  assert.ok(collector.spans.every(({ traceId }) => traceId !== TRACE))
  assert.match(String(gateway.provider.calls[0]?.headers.traceparent), /-00$/)
})

test('the collector is told who exports, with the headers it asks for', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(
    t,
    traced(collector.url, {
      OTEL_EXPORTER_OTLP_HEADERS: 'x-scope=team%20one,authorization=Bearer%20abc',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
      OTEL_SERVICE_NAME: 'door',
    }),
  )

  await gateway.post('/v1/messages', undefined, message('hello'))

  await collector.span(CALL)
  const [{ path, headers, resource } = { path: '', headers: {}, resource: {} }] = collector.exports
  assert.equal(path, '/v1/traces')
  assert.equal(headers['x-scope'], 'team one')
  assert.equal(headers.authorization, 'Bearer abc')
  assert.equal(resource['service.name'], 'door')
  assert.equal(resource['deployment.environment.name'], 'staging')
})

test('while the collector is away calls are served as ever; once it is there it gets what waited', async t => {
  const port = await freePort()
  const gateway = await startGateway(t, traced(`http://127.0.0.1:${port}`))
  const key = await gateway.client({ name: 'frontend' })
  assert.equal((await gateway.post('/v1/messages', key, message('hello'))).status, 200)
  await until(async () => gateway.lines.find(({ msg }) => msg.startsWith('traces are not exported')))

  const collector = await startCollector(t, port)

  assert.equal((await collector.span(CALL)).attributes['tollgate.outcome'], 'ok')
  assert.equal(gateway.app.spans?.dropped, 0)
})

test('a gateway that stops exports what waits', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  await gateway.post('/v1/messages', undefined, message('hello'))

  await gateway.stop()

  assert.equal(collector.spans.length, 1)
})

test('where nobody wants traces, a context that comes is not told to the provider', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })

  await gateway.post('/v1/messages', key, message('hello'), { headers: { traceparent } })

  assert.equal(gateway.provider.calls[0]?.headers.traceparent, undefined)
})
