/** Traces of calls, from the gateway to a collector. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { startCollector } from '../collector.ts'
import { ADMIN_TOKEN, message, startGateway, UPSTREAM_KEY } from '../gateway.ts'
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

test('a call has a span in the trace of its client, and its admission and upstream request have spans below it', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  const key = await gateway.client({ name: 'frontend', team: 'web', budget: { day: 5 } })

  const response = await gateway.post('/v1/messages', key, message('hello'), { headers: { traceparent } })

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
  const line = await gateway.line(response.headers.get('request-id'))
  const expected = {
    'http.route': '/v1/messages',
    'http.response.status_code': 200,
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-haiku-4-5',
    'gen_ai.response.model': 'claude-haiku-4-5',
    'gen_ai.usage.input_tokens': line.inputTokens,
    'gen_ai.usage.output_tokens': line.outputTokens,
    'tollgate.request.id': response.headers.get('request-id'),
    'tollgate.client': 'frontend',
    'tollgate.team': 'web',
    'tollgate.outcome': 'ok',
    'tollgate.cost_usd': line.costUsd,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(call.attributes[name], value, name)
})

test('the upstream gets the context of the span of its request', async t => {
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

test('the log line of a call has its trace id and span id', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  const key = await gateway.client({ name: 'frontend' })

  const response = await gateway.post('/v1/messages', key, message('hello'), { headers: { traceparent } })

  const { traceId, spanId } = await gateway.line(response.headers.get('request-id'))
  assert.equal(traceId, TRACE)
  assert.equal(spanId, (await collector.span(CALL)).spanId)
})

test('a failed call has its error type on its span and on the span of the upstream request', async t => {
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

test('the span of a refused call has an error type and is not failed', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))

  await gateway.post('/v1/messages', undefined, message('hello'))

  const { attributes, status, parentSpanId } = await collector.span(CALL)
  assert.equal(attributes['error.type'], 'missing_key')
  assert.equal(status, undefined)
  assert.equal(parentSpanId, undefined)
})

test('a span has no prompt, no response and no key', async t => {
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

test('a trace that the client does not sample is not exported, and the upstream gets it unsampled', async t => {
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

test('an export has the configured headers and resource attributes', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(
    t,
    traced(collector.url, {
      OTEL_EXPORTER_OTLP_HEADERS: 'x-scope=team%20one,authorization=Bearer%20abc',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
      OTEL_SERVICE_NAME: 'gateway-eu',
    }),
  )

  await gateway.post('/v1/messages', undefined, message('hello'))

  await collector.span(CALL)
  const [{ path, headers, resource } = { path: '', headers: {}, resource: {} }] = collector.exports
  assert.equal(path, '/v1/traces')
  assert.equal(headers['x-scope'], 'team one')
  assert.equal(headers.authorization, 'Bearer abc')
  assert.equal(resource['service.name'], 'gateway-eu')
  assert.equal(resource['deployment.environment.name'], 'staging')
})

test('calls are served while the collector is away, and their spans are retried', async t => {
  const port = await freePort()
  let connections = 0
  const refusing = createServer(socket => {
    connections++
    socket.destroy()
  }).listen(port, '127.0.0.1')
  await once(refusing, 'listening')
  const gateway = await startGateway(
    t,
    traced(`http://127.0.0.1:${port}`, { OTEL_EXPORTER_OTLP_TIMEOUT: '600000' }),
  )
  const key = await gateway.client({ name: 'frontend' })
  assert.equal((await gateway.post('/v1/messages', key, message('hello'))).status, 200)
  await until(async () => connections > 0)
  refusing.close()
  await once(refusing, 'close')

  const collector = await startCollector(t, port)

  assert.equal((await collector.span(CALL)).attributes['tollgate.outcome'], 'ok')
  assert.equal(gateway.app.spans?.dropped, 0)
})

test('an outage of the collector is logged and counted, and calls are served', async t => {
  const gateway = await startGateway(
    t,
    traced(`http://127.0.0.1:${await freePort()}`, { OTEL_EXPORTER_OTLP_TIMEOUT: '700' }),
  )
  const key = await gateway.client({ name: 'frontend' })

  assert.equal((await gateway.post('/v1/messages', key, message('hello'))).status, 200)

  const line = await until(async () => gateway.lines.find(({ msg }) => msg.startsWith('traces are not')))
  assert.match(JSON.stringify(line.err), /ECONNREFUSED/)
  assert.equal(gateway.app.spans?.dropped, 3)
  assert.equal((await gateway.post('/v1/messages', key, message('again'))).status, 200)
})

test('a collector that hangs delays no call, and delays a stop for 3 seconds at most', async t => {
  const collector = await startCollector(t)
  collector.hang()
  const gateway = await startGateway(
    t,
    traced(collector.url, { OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_EXPORTER_OTLP_TIMEOUT: '3600000' }),
  )
  const key = await gateway.client({ name: 'frontend' })
  assert.equal((await gateway.post('/v1/messages', key, message('hello'))).status, 200)
  await until(async () => collector.exports.length === 1)

  assert.equal((await gateway.post('/v1/messages', key, message('again'))).status, 200)
  await gateway.stop()

  assert.equal(collector.spans.length, 0)
})

for (const [protocol, type] of [
  ['http/protobuf', 'application/x-protobuf'],
  ['http/json', 'application/json'],
] as const) {
  test(`OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} sends ${type}`, async t => {
    const collector = await startCollector(t)
    const gateway = await startGateway(t, traced(collector.url, { OTEL_EXPORTER_OTLP_PROTOCOL: protocol }))

    await gateway.post('/v1/messages', undefined, message('hello'))

    assert.equal((await collector.span(CALL)).attributes['error.type'], 'missing_key')
    assert.equal(collector.exports[0]?.headers['content-type'], type)
  })
}

test('a variable for traces alone has precedence over the one for all signals', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(
    t,
    traced(`http://127.0.0.1:${await freePort()}`, {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/own/path`,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20general,x-scope=all',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=Bearer%20traces',
    }),
  )

  await gateway.post('/v1/messages', undefined, message('hello'))

  await collector.span(CALL)
  assert.ok(collector.exports[0])
  const { path, headers } = collector.exports[0]
  assert.equal(path, '/own/path')
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['content-encoding'], 'gzip')
  assert.equal(headers.authorization, 'Bearer traces')
  assert.equal(headers['x-scope'], 'all')
})

for (const value of ['true', 'TRUE']) {
  test(`OTEL_SDK_DISABLED=${value} turns traces off`, async t => {
    const collector = await startCollector(t)
    const gateway = await startGateway(t, traced(collector.url, { OTEL_SDK_DISABLED: value }))
    const key = await gateway.client({ name: 'frontend' })

    const response = await gateway.post('/v1/messages', key, message('hello'), { headers: { traceparent } })
    const { traceId } = await gateway.line(response.headers.get('request-id'))
    await gateway.stop()

    assert.equal(traceId, undefined)
    assert.equal(gateway.provider.calls[0]?.headers.traceparent, undefined)
    assert.equal(collector.exports.length, 0)
  })
}

test('no log line and no response has a header for the collector', async t => {
  const secret = 'collector-key-in-a-header'
  const collector = await startCollector(t)
  collector.reply(401, secret, secret)
  const gateway = await startGateway(
    t,
    traced(collector.url, {
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${secret}`,
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: `x-key=${secret}`,
      LOG_LEVEL: 'trace',
    }),
  )
  const refused = await gateway.post('/v1/messages', undefined, message('hello'))
  await until(async () => gateway.lines.find(({ msg }) => msg === 'the collector refuses spans'))

  assert.equal(collector.exports[0]?.headers['x-key'], secret)
  const responses = await Promise.all(
    ['/readyz', '/metrics', '/admin/overview', '/admin/openapi.json'].map(async path => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
      return (await fetch(gateway.url + path, { headers })).text()
    }),
  )
  const seen = [await refused.text(), ...responses, JSON.stringify(gateway.lines)]
  assert.doesNotMatch(seen.join('\n'), new RegExp(secret))
})

test('a gateway that stops exports the queued spans', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, traced(collector.url))
  await gateway.post('/v1/messages', undefined, message('hello'))

  await gateway.stop()

  assert.equal(collector.spans.length, 1)
})

test('the upstream gets no trace context if tracing is off', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })

  await gateway.post('/v1/messages', key, message('hello'), { headers: { traceparent } })

  assert.equal(gateway.provider.calls[0]?.headers.traceparent, undefined)
})
