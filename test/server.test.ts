/** The start, the waits and the stop of the process. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { startCollector } from './collector.ts'
import { ADMIN_TOKEN, message } from './gateway.ts'
import { newClient, startProcess } from './processes.ts'
import { scrape } from './prometheus.ts'
import { startProvider } from './provider.ts'
import { rawCaller } from './raw.ts'
import { freePort, ownRedis, temporaryFolder, testDatabase, testRedis } from './servers.ts'
import { until } from './until.ts'

function call(url: string, key: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': key },
    body: JSON.stringify(body),
  })
}

test('an invalid configuration ends the process with one line per error, before any port is opened', async t => {
  const gateway = await startProcess(t, { CACHE_MAX_BYTES: 'many', LOG_LEVEL: 'loud', EZAI_API_KEY: '' })

  assert.equal(await gateway.ended, 1)
  const lines = gateway.complaints().trim().split('\n')
  assert.deepEqual(
    lines.map(line => line.split(':')[0]),
    ['LOG_LEVEL', 'CACHE_MAX_BYTES', 'EZAI_API_KEY'],
  )
})

test('an invalid price file is one line among the other errors', async t => {
  const file = join(await mkdtemp(join(tmpdir(), 'prices-')), 'prices.json')
  t.after(() => rm(dirname(file), { recursive: true }))
  await writeFile(file, JSON.stringify({ models: { 'gpt-4.1': { maxInput: -1, kind: 'song' } } }))

  const gateway = await startProcess(t, { LOG_LEVEL: 'loud', PRICES_FILE: file })

  assert.equal(await gateway.ended, 1)
  const lines = gateway.complaints().trim().split('\n')
  assert.deepEqual(
    lines.map(line => line.split(':')[0]),
    ['LOG_LEVEL', 'PRICES_FILE', 'PRICES_FILE'],
  )
  assert.ok(lines[1]?.includes(`in "${file}", /models/gpt-4.1/`))
})

test('a gateway that starts without Redis reports it, waits, and becomes ready', async t => {
  const redis = await ownRedis(t)
  await redis.stop()
  const { url: DATABASE_URL } = await testDatabase(t)
  const gateway = await startProcess(t, { REDIS_URL: redis.url, DATABASE_URL, REDIS_ULR: 'misspelt' })
  const response = await until(async () => fetch(`${gateway.url}/readyz`).catch(() => undefined))
  assert.equal(response.status, 503)
  assert.deepEqual(((await response.json()) as { degraded: string[] }).degraded.includes('redis'), true)
  assert.equal((await fetch(`${gateway.url}/livez`)).status, 200)

  await redis.restart()

  await gateway.ready()
  assert.ok(gateway.lines.some(({ msg }) => msg.includes('Redis is away')))
  assert.match(gateway.lines[0]?.msg ?? '', /^REDIS_ULR: found in the environment.* Did you mean REDIS_URL\?/)
  const { msg, redis: place, admin, metrics }: Record<string, unknown> = gateway.lines[1] ?? {}
  assert.deepEqual(
    { msg, place, admin, metrics },
    {
      msg: 'the gateway starts',
      place: redis.socket,
      admin: 'open, with a token',
      metrics: `open on port ${new URL(gateway.url).port}, without a token: METRICS_TOKEN is not set`,
    },
  )
})

test('a Redis that may evict counters is refused', async t => {
  const redis = await ownRedis(t, { args: ['--maxmemory-policy', 'allkeys-lru'] })
  const { url: DATABASE_URL } = await testDatabase(t)

  const gateway = await startProcess(t, { REDIS_URL: redis.url, DATABASE_URL })

  assert.equal(await gateway.ended, 1)
  assert.match(
    gateway.complaints(),
    /^REDIS_URL: Redis at .*found a Redis with maxmemory-policy allkeys-lru, expected noeviction[^\n]+\n$/,
  )
})

test('SIGTERM makes the gateway not ready at once, lets calls and metrics finish, and ends with exit code 0', async t => {
  const METRICS_PORT = String(await freePort())
  const provider = await startProvider(t)
  const [{ url: REDIS_URL }, { url: DATABASE_URL }] = [await testRedis(t), await testDatabase(t)]
  const gateway = await startProcess(t, {
    REDIS_URL,
    DATABASE_URL,
    EZAI_BASE_URL: provider.url,
    DRAIN_DELAY_SECONDS: '3',
    DRAIN_SECONDS: '10',
    METRICS_PORT,
  })
  await gateway.ready()
  const key = await newClient(gateway.url)
  const stream = await call(
    gateway.url,
    key,
    message('[[scenario: slow-stream 50 chunks 20ms]]', { stream: true }),
  )
  await provider.waitForCall()

  gateway.signal('SIGTERM')
  await until(async () => (await fetch(`${gateway.url}/readyz`)).status === 503)
  const late = await call(gateway.url, key, message('late, but still served'))

  assert.equal(late.status, 200)
  assert.equal(late.headers.get('connection'), 'close')
  assert.equal((await scrape(`http://127.0.0.1:${METRICS_PORT}`)).value('tollgate_draining'), 1)
  assert.match(await stream.text(), /event: message_stop/)
  assert.equal(await gateway.ended, 0)
})

test('an incomplete request and an idle connection do not delay the exit', async t => {
  const [{ url: REDIS_URL }, { url: DATABASE_URL }] = [await testRedis(t), await testDatabase(t)]
  const gateway = await startProcess(t, { REDIS_URL, DATABASE_URL, DRAIN_SECONDS: '600' })
  await gateway.ready()
  const [silent, half] = [await rawCaller(gateway.url), await rawCaller(gateway.url)]
  half.send('POST /v1/messages HTTP/1.1\r\nhost: x')

  gateway.signal('SIGTERM')

  assert.equal(await gateway.ended, 0)
  silent.close()
  half.close()
})

test('three gateways share one bucket: of 64 calls at once exactly 40 are admitted', async t => {
  const provider = await startProvider(t)
  const [{ url: REDIS_URL }, { url: DATABASE_URL }] = [await testRedis(t), await testDatabase(t)]
  const env = { REDIS_URL, DATABASE_URL, EZAI_BASE_URL: provider.url }
  const gateways = await Promise.all([startProcess(t, env), startProcess(t, env), startProcess(t, env)])
  await Promise.all(gateways.map(gateway => gateway.ready()))
  const key = await newClient(gateways[0]!.url, 'frontend', {
    limits: { requests: { capacity: 40, per: '1d' } },
  })

  const responses = await Promise.all(
    Array.from({ length: 64 }, (_, i) => call(gateways[i % 3]!.url, key, message(`call ${i}`))),
  )

  const count = (status: number) => responses.filter(response => response.status === status).length
  assert.equal(count(200), 40)
  assert.equal(count(429), 24)
  assert.equal(provider.calls.length, 40)
})

test('a revoked key and a lowered limit take effect on every replica within a second', async t => {
  const provider = await startProvider(t)
  const [{ url: REDIS_URL }, { url: DATABASE_URL }] = [await testRedis(t), await testDatabase(t)]
  const env = { REDIS_URL, DATABASE_URL, EZAI_BASE_URL: provider.url }
  const [one, other] = await Promise.all([startProcess(t, env), startProcess(t, env)])
  await Promise.all([one.ready(), other.ready()])
  const [key, narrowedKey] = [await newClient(one.url), await newClient(one.url, 'backend')]
  for (const known of [key, narrowedKey]) {
    assert.equal((await call(other.url, known, message('known to the other one now'))).status, 200)
  }
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }

  await fetch(`${one.url}/admin/clients/backend`, { method: 'PATCH', headers, body: '{"models":["gpt-*"]}' })
  const narrowed = await call(other.url, narrowedKey, message('not on the list any more'))
  await fetch(`${one.url}/admin/keys/${key.split('_')[1]}`, {
    method: 'DELETE',
    headers: { authorization: headers.authorization },
  })
  const revoked = await call(other.url, key, message('revoked'))

  assert.equal(narrowed.status, 404)
  assert.match(await narrowed.text(), /model_not_allowed/)
  assert.equal(revoked.status, 403)
  assert.match(await revoked.text(), /invalid_key/)
})

test('OTEL_ variables of .env reach the exporter, and a collector that hangs does not delay a shutdown', async t => {
  const collector = await startCollector(t)
  const [{ url: REDIS_URL }, { url: DATABASE_URL }] = [await testRedis(t), await testDatabase(t)]
  const folder = await temporaryFolder(t)
  await writeFile(
    join(folder, '.env'),
    `OTEL_EXPORTER_OTLP_ENDPOINT=${collector.url}
OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json
OTEL_EXPORTER_OTLP_TRACES_HEADERS=x-key=from-the-file
OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=gzip
OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=3600000
OTEL_BSP_EXPORT_TIMEOUT=3600000
OTEL_BSP_SCHEDULE_DELAY=600000
OTEL_BSP_MAX_EXPORT_BATCH_SIZE=2
`,
  )
  const inherited = { REDIS_URL, DATABASE_URL, OTEL_BSP_MAX_QUEUE_SIZE: '3' }
  const gateway = await startProcess(t, inherited, folder)
  await gateway.ready()

  // Each refusal has one span, and two make a batch.
  await call(gateway.url, 'unknown', message('one'))
  await call(gateway.url, 'unknown', message('two'))
  await until(async () => collector.spans.length === 2)
  collector.hang()
  for (const text of ['three', 'four', 'five', 'six']) await call(gateway.url, 'unknown', message(text))
  await until(async () => collector.exports.length === 2)
  const dropped = await until(async () => (await scrape(gateway.url)).value('tollgate_spans_dropped_total'))
  gateway.signal('SIGTERM')

  assert.equal(await gateway.ended, 0)
  const headers = collector.exports[0]?.headers ?? {}
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['content-encoding'], 'gzip')
  assert.equal(headers['x-key'], 'from-the-file')
  assert.equal(dropped, 1)
  assert.equal(gateway.complaints(), '')
})
