/** GET /metrics: calls and the state of the gateway, with a limited number of label values. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCollector } from '../collector.ts'
import { ADMIN_TOKEN, chat, message, startGateway } from '../gateway.ts'
import { parseMetrics, scrape } from '../prometheus.ts'
import { freePort, ownRedis } from '../servers.ts'
import { until } from '../until.ts'

const haiku = { route: '/v1/messages', upstream: 'ezai', model: 'claude-haiku-4-5' }

test('a call is counted with the tokens and the cost of its log line', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })

  const response = await gateway.post('/v1/messages', key, message('hello'))

  const line = await gateway.line(response.headers.get('request-id'))
  const { value } = await scrape(gateway.url)
  assert.equal(value('tollgate_calls_total', { ...haiku, outcome: 'ok', status: '2xx' }), 1)
  assert.equal(value('tollgate_tokens_total', { ...haiku, kind: 'input' }), line.inputTokens)
  assert.equal(value('tollgate_tokens_total', { ...haiku, kind: 'output' }), line.outputTokens)
  assert.equal(value('tollgate_cost_usd_total', { ...haiku, estimated: 'false' }), line.costUsd)
  const genAi = { gen_ai_operation_name: 'chat', gen_ai_provider_name: 'anthropic' }
  assert.equal(
    value('gen_ai_client_token_usage_sum', { ...genAi, gen_ai_token_type: 'output' }),
    line.outputTokens,
  )
  assert.equal(value('gen_ai_server_request_duration_seconds_count', genAi), 1)
  assert.equal(value('gen_ai_client_operation_duration_seconds_count', genAi), 1)
  assert.equal(value('tollgate_admission_seconds_count'), 1)
})

test('the time to the first token is measured for streams only', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })

  await (await gateway.post('/v1/messages', key, message('hello'))).text()
  await (await gateway.post('/v1/messages', key, message('hello', { stream: true }))).text()

  await until(async () => gateway.calls().length === 2)
  assert.equal((await scrape(gateway.url)).value('gen_ai_server_time_to_first_token_seconds_count'), 1)
})

test('a cached response is counted with the cost that it saved, and not as an operation of the model', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const send = () => gateway.post('/v1/messages', key, message('hello'))
  const first = await gateway.line((await send()).headers.get('request-id'))

  await until(async () => (await send()).headers.get('x-cache') === 'HIT')

  await until(async () => gateway.calls().some(({ outcome }) => outcome === 'cached'))
  const { value } = await scrape(gateway.url)
  assert.equal(value('tollgate_cache_results_total', { result: 'hit' }), 1)
  assert.equal(value('tollgate_cache_saved_usd_total'), first.costUsd)
  assert.equal(value('tollgate_calls_total', { ...haiku, outcome: 'cached' }), 1)
})

test('refusals are counted by reason, limit and kind of scope', async t => {
  const gateway = await startGateway(t)
  const slow = await gateway.client({
    name: 'slow',
    cache: { enabled: false },
    limits: { requests: { capacity: 1, per: '1h' } },
  })
  const poor = await gateway.client({ name: 'poor', budget: { day: 0.000001 } })

  await gateway.post('/v1/messages', slow, message('one'))
  await gateway.post('/v1/messages', slow, message('two'))
  await gateway.post('/v1/messages', poor, message('hello'))
  await gateway.post('/v1/messages', undefined, message('hello'))

  await until(async () => gateway.calls().length === 4)
  const { value } = await scrape(gateway.url)
  const refusals = (reason: string, scope: string, limit: string) =>
    value('tollgate_refusals_total', { reason, scope, limit })
  assert.equal(refusals('rate_limited', 'client', 'requests'), 1)
  assert.equal(refusals('request_exceeds_budget', 'client', 'day'), 1)
  assert.equal(refusals('missing_key', 'none', 'none'), 1)
})

test('failures of the upstream are counted by kind', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })

  await gateway.post('/v1/messages', key, message('[[scenario: status 529]]'))
  await gateway.post('/v1/messages', key, message('[[scenario: die]]'))

  await until(async () => gateway.calls().length === 2)
  const { value } = await scrape(gateway.url)
  const errors = (kind: string) => value('tollgate_upstream_errors_total', { upstream: 'ezai', kind })
  assert.equal(errors('upstream_overloaded'), 1)
  assert.equal(errors('cut'), 1)
})

test('an open circuit is counted', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })

  await gateway.post('/v1/messages', key, message('[[scenario: status 401]]'))

  await until(async () => gateway.calls().length === 1)
  assert.equal((await scrape(gateway.url)).value('tollgate_upstream_breakers_open', { upstream: 'ezai' }), 1)
})

test('names that a caller or an administrator chooses are not labels', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', team: 'web' })

  await gateway.post('/v1/messages', key, message('hello', { model: 'claude-of-their-own' }))
  await gateway.post('/v1/chat/completions', key, chat('hello'))
  await gateway.post('/v1/messages/of-their-own', key, message('hello'))

  await until(async () => gateway.calls().length === 2)
  const { samples, value } = await scrape(gateway.url)
  const labels = JSON.stringify(samples.map(sample => sample.labels))
  for (const name of ['frontend', 'web', 'of-their-own']) assert.ok(!labels.includes(name), name)
  assert.equal(value('tollgate_calls_total', { model: 'other', outcome: 'refused' }), 1)
  assert.equal(value('tollgate_calls_total', { model: 'gpt-6-luna', outcome: 'ok' }), 1)
})

test('a running call and its reservation are counted until it ends', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  const caller = new AbortController()
  const stall = message('[[scenario: stall]]', { stream: true })
  const call = gateway.post('/v1/messages', key, stall, { signal: caller.signal })
  call.catch(() => {})
  await gateway.provider.waitForCall()

  const during = await scrape(gateway.url)

  assert.equal(during.value('tollgate_calls_running'), 1)
  assert.equal(during.value('tollgate_holds'), 1)
  assert.ok((during.value('tollgate_held_usd') ?? 0) > 0)
  assert.equal(
    during.value('tollgate_gateway_held_usd', { window: 'day' }),
    during.value('tollgate_held_usd'),
  )
  caller.abort()
  await until(async () => gateway.calls().length === 1)
  const after = await scrape(gateway.url)
  assert.equal(after.value('tollgate_calls_running'), 0)
  assert.equal(after.value('tollgate_held_usd'), 0)
})

test('the budget of the whole gateway and its spending are shown', async t => {
  const gateway = await startGateway(t)
  await gateway.admin('PUT', '/gateway', { budget: { month: 50 } })
  const key = await gateway.client({ name: 'frontend' })
  const { headers } = await gateway.post('/v1/messages', key, message('hello'))
  const { costUsd } = await gateway.line(headers.get('request-id'))

  await until(async () => {
    const { value } = await scrape(gateway.url)
    return value('tollgate_gateway_spent_usd', { window: 'month' }) === costUsd
  })

  const { value } = await scrape(gateway.url)
  assert.equal(value('tollgate_gateway_limit_usd', { window: 'month' }), 50)
  assert.equal(value('tollgate_gateway_limit_usd', { window: 'day' }), undefined)
})

test('without Redis, /metrics responds and reports Redis as down', async t => {
  const redis = await ownRedis(t)
  const gateway = await startGateway(t, { redisUrl: redis.url })
  assert.equal((await scrape(gateway.url)).value('tollgate_part_up', { part: 'redis' }), 1)

  await redis.stop()

  await until(async () => (await scrape(gateway.url)).value('tollgate_part_up', { part: 'redis' }) === 0)
  const { value } = await scrape(gateway.url)
  assert.equal(value('tollgate_ledger_pending_entries'), undefined)
  assert.equal(value('tollgate_draining'), 0)
})

test('counters that are being restored are reported as down', async t => {
  const redis = await ownRedis(t)
  const gateway = await startGateway(t, { redisUrl: redis.url })
  const key = await gateway.client({ name: 'frontend' })
  await gateway.post('/v1/messages', key, message('hello'))
  // The counters are restored from the ledger, so it needs a row.
  await until(async () => JSON.stringify((await gateway.admin('GET', '/calls')).body).includes('"seq"'))

  await gateway.app.redis.flushall()

  await until(async () => (await scrape(gateway.url)).value('tollgate_part_up', { part: 'counters' }) === 0)
  assert.equal((await scrape(gateway.url)).value('tollgate_part_up', { part: 'redis' }), 1)
})

test('the result of a comparison of counters and ledger is shown after the first comparison', async t => {
  const gateway = await startGateway(t)
  const before = await scrape(gateway.url)
  await gateway.admin('GET', '/verify')

  const after = await scrape(gateway.url)

  assert.equal(before.value('tollgate_verify_differences'), undefined)
  assert.equal(after.value('tollgate_verify_differences'), 0)
})

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0'

test('a scrape gets OpenMetrics if it asks for it, with the same series as in the text format', async t => {
  const gateway = await startGateway(t, { env: { CORS_ORIGINS: 'https://app.example' } })
  const key = await gateway.client({ name: 'frontend' })
  await (await gateway.post('/v1/messages', key, message('hello'))).text()
  await until(async () => gateway.calls().length === 1)
  const ask = (accept: string) => fetch(`${gateway.url}/metrics`, { headers: { accept } })

  const text = await ask('text/plain')
  const openMetrics = await ask(OPEN_METRICS)

  assert.equal(text.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal(
    openMetrics.headers.get('content-type'),
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  )
  assert.match(openMetrics.headers.get('vary') ?? '', /(^|, )accept$/i)
  const [body, openBody] = [await text.text(), await openMetrics.text()]
  assert.ok(openBody.endsWith('\n# EOF\n'))
  assert.match(openBody, /^# TYPE tollgate_calls counter$/m)
  const own = (metrics: string) =>
    parseMetrics(metrics)
      .filter(({ name }) => /^(tollgate|gen_ai)_/.test(name))
      .map(({ name, labels }) =>
        JSON.stringify([name, { ...labels, ...(labels.le && { le: Number(labels.le) }) }]),
      )
  assert.ok(own(body).length > 100)
  assert.deepEqual(own(openBody), own(body))
})

test('OpenMetrics names the trace of a sampled call at its buckets, and no other trace', async t => {
  const collector = await startCollector(t)
  const gateway = await startGateway(t, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } })
  const key = await gateway.client({ name: 'frontend', cache: { enabled: false } })
  const send = async (traceId: string, flags: string) => {
    const traceparent = `00-${traceId}-00f067aa0ba902b7-${flags}`
    await (await gateway.post('/v1/messages', key, message('hello'), { headers: { traceparent } })).text()
  }
  const [sampled, unsampled] = ['4bf92f3577b34da6a3ce929d0e0e4736', 'aaf92f3577b34da6a3ce929d0e0e4736']
  await send(sampled, '01')
  await send(unsampled, '00')
  await until(async () => gateway.calls().length === 2)

  const { samples } = await scrape(gateway.url, { accept: OPEN_METRICS })

  const traced = samples.filter(({ exemplar }) => exemplar)
  assert.ok(traced.some(({ name }) => name === 'gen_ai_server_request_duration_seconds_bucket'))
  assert.ok(traced.some(({ name }) => name === 'tollgate_admission_seconds_bucket'))
  for (const { name, exemplar } of traced) {
    assert.match(name, /_bucket$/)
    assert.deepEqual(exemplar?.labels, { trace_id: sampled })
  }
})

test('/metrics has the metrics of the process and of Node', async t => {
  const gateway = await startGateway(t)

  const { names, value } = await scrape(gateway.url)

  const expected = [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'process_open_fds',
    'process_max_fds',
    'nodejs_heap_size_used_bytes',
    'nodejs_heap_size_total_bytes',
    'nodejs_external_memory_bytes',
    'nodejs_version_info',
    'nodejs_gc_duration_seconds_sum',
    'nodejs_eventloop_lag_seconds',
    'nodejs_eventloop_delay_seconds_bucket',
  ]
  for (const name of expected) assert.ok(names.has(name), name)
  for (const state of ['active', 'idle'])
    assert.ok((value('nodejs_eventloop_time_seconds_total', { nodejs_eventloop_state: state }) ?? 0) > 0)
})

test('with METRICS_TOKEN set, /metrics accepts only that bearer token', async t => {
  const gateway = await startGateway(t, { env: { METRICS_TOKEN: 'scraper-token' } })
  const ask = (authorization?: string) =>
    fetch(`${gateway.url}/metrics`, { headers: authorization === undefined ? {} : { authorization } })
  const wrong = [
    '',
    'Bearer',
    'Bearer another',
    'Bearer scraper-toke',
    'Bearer scraper-token2',
    'scraper-token',
  ]

  for (const authorization of [undefined, ...wrong]) {
    const response = await ask(authorization)
    assert.equal(response.status, 401, String(authorization))
    assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="metrics"')
    assert.doesNotMatch(await response.text(), /scraper-token|tollgate_/)
  }
  for (const authorization of ['Bearer scraper-token', 'bearer scraper-token']) {
    const { value } = await scrape(gateway.url, { authorization })
    assert.equal(value('tollgate_build_info'), 1)
  }
})

test('with METRICS_PORT set, that port serves only /metrics, and the port of the calls does not serve it', async t => {
  const METRICS_PORT = String(await freePort())
  const gateway = await startGateway(t, { env: { METRICS_PORT, METRICS_TOKEN: 'scraper-token' } })
  const own = `http://127.0.0.1:${METRICS_PORT}`
  const authorization = 'Bearer scraper-token'
  const status = async (url: string, init: RequestInit = {}) => (await fetch(url, init)).status

  assert.equal(await status(`${gateway.url}/metrics`), 404)
  assert.equal(await status(`${gateway.url}/metrics`, { headers: { authorization } }), 404)
  assert.equal(await status(`${own}/metrics`), 401)
  assert.match((await fetch(`${own}/metrics`)).headers.get('request-id') ?? '', /^req_/)
  assert.equal(await status(`${own}/metrics`, { headers: { authorization: 'Bearer another' } }), 401)
  assert.equal((await scrape(own, { authorization })).value('tollgate_build_info'), 1)
  assert.equal(await status(`${own}/metrics`, { method: 'HEAD', headers: { authorization } }), 200)
  for (const path of ['/', '/readyz', '/admin/clients', '/dashboard', '/v1/models', '/v1/messages']) {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    assert.equal(await status(own + path, { headers }), 404, path)
    assert.equal(await status(own + path, { method: 'POST', headers }), 404, path)
  }

  await assert.rejects(
    startGateway(t, { ...gateway, env: { METRICS_PORT } }),
    new RegExp(
      `^Error: METRICS_PORT: found port ${METRICS_PORT} on 127.0.0.1 in use by .+, expected a free port`,
    ),
  )
  await gateway.stop()
  await assert.rejects(fetch(`${own}/metrics`))
})
