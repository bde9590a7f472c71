/** WORKERS=2: one port, two processes, and the primary that starts them. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { pauseBefore } from '../../src/process/primary.ts'
import { makeDataDir, nothingRuns } from '../embedded/gateways.ts'
import { message } from '../gateway.ts'
import { type GatewayProcess, newClient, startProcess } from '../processes.ts'
import { scrape } from '../prometheus.ts'
import { type Provider, startProvider } from '../provider.ts'
import { freePort, ownPostgres, temporaryFolder, testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'

interface Started {
  gateway: GatewayProcess
  provider: Provider
}

/** Two workers that serve. */
async function startTwo(t: TestContext, env: Record<string, string> = {}, cwd?: string): Promise<Started> {
  const provider = await startProvider(t)
  const stores = { REDIS_URL: (await testRedis(t)).url, DATABASE_URL: (await testDatabase(t)).url }
  const gateway = await startProcess(t, { ...stores, EZAI_BASE_URL: provider.url, WORKERS: '2', ...env }, cwd)
  await bothServe(gateway)
  return { gateway, provider }
}

/** Waits until the last two workers that were started serve. Returns their process ids. */
async function bothServe({ lines, ended }: GatewayProcess, ...without: number[]): Promise<number[]> {
  const failed = ended.then(code => assert.fail(`the gateway ended with ${code}`))
  const serving = until(() => {
    const pids = listeners(lines).filter(pid => !without.includes(pid))
    return pids.length === 2 && pids
  })
  return Promise.race([serving, failed])
}

function listeners(lines: GatewayProcess['lines']): number[] {
  return lines.filter(({ msg }) => msg.startsWith('Server listening')).map(({ pid }) => Number(pid))
}

/** Sends calls at once, each over another connection. */
async function callAtOnce(url: string, key: string, count: number): Promise<void> {
  const statuses = Array.from({ length: count }, async () => (await call(url, key, message('hello'))).status)
  assert.deepEqual(new Set(await Promise.all(statuses)), new Set([200]))
}

function call(url: string, key: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': key },
    body: JSON.stringify(body),
  })
}

/** The status of a request over a new connection. */
async function statusOf(url: string): Promise<number | undefined> {
  const [response] = await once(get(url, { agent: false }), 'response')
  response.resume()
  return response.statusCode
}

test('two workers serve one port, and one scrape has the calls of both', async t => {
  const METRICS_PORT = String(await freePort())
  const { gateway } = await startTwo(t, { METRICS_PORT })
  const key = await newClient(gateway.url)

  let sent = 0
  const pids = await until(async () => {
    await callAtOnce(gateway.url, key, 8)
    sent += 8
    const found = new Set(gateway.lines.filter(({ msg }) => msg === 'call').map(({ pid }) => Number(pid)))
    return found.size === 2 && found
  })

  assert.deepEqual([...pids].sort(), listeners(gateway.lines).sort())
  const metrics = await until(async () => {
    const found = await scrape(`http://127.0.0.1:${METRICS_PORT}`)
    return found.value('tollgate_calls_total') === sent && found
  })
  assert.equal(metrics.value('tollgate_admission_seconds_count'), sent)
  assert.equal(metrics.value('tollgate_workers'), 2)
  assert.equal(metrics.value('tollgate_build_info'), 1)
  assert.equal(metrics.value('tollgate_part_up', { part: 'redis' }), 1)
  assert.equal(metrics.value('tollgate_draining'), 0)
  assert.equal(gateway.lines.filter(({ msg }) => msg === 'the gateway starts').length, 1)
})

test('a killed worker is replaced, calls go on, and no counter falls', async t => {
  const { gateway } = await startTwo(t)
  const key = await newClient(gateway.url)
  const counted = async () => (await scrape(gateway.url)).value('tollgate_calls_total')
  await callAtOnce(gateway.url, key, 8)
  await until(async () => (await counted()) === 8)
  const [first = 0, second = 0] = listeners(gateway.lines)

  process.kill(first, 'SIGKILL')

  await until(() => gateway.lines.some(({ pid, level }) => pid === first && level === 'error'))
  await callAtOnce(gateway.url, key, 8)
  const [, third = 0] = await bothServe(gateway, first)
  await until(async () => (await counted()) === 16)
  process.kill(second, 'SIGKILL')
  await bothServe(gateway, first, second)
  await callAtOnce(gateway.url, key, 8)
  await until(async () => (await counted()) === 24)
  const { value } = await scrape(gateway.url)
  assert.equal(value('tollgate_admission_seconds_count'), 24)
  assert.equal(value('tollgate_worker_restarts_total'), 2)
  assert.ok(third > 0)
  const ends = gateway.lines.filter(({ level }) => level === 'error').map(({ msg, pid }) => ({ msg, pid }))
  const msg = 'a worker ended by itself (SIGKILL); another one is started'
  assert.deepEqual(ends, [
    { msg, pid: first },
    { msg, pid: second },
  ])
})

test('a worker that is not ready does not open the port that another one serves', async t => {
  const postgres = await ownPostgres(t)
  const { gateway } = await startTwo(t, { DATABASE_URL: postgres.url })
  const [first = 0, second] = listeners(gateway.lines)
  await postgres.stop()

  process.kill(first, 'SIGKILL')

  await until(() => gateway.lines.some(({ pid }) => pid !== undefined && pid !== first && pid !== second))
  for (let i = 0; i < 20; i++) assert.equal(await statusOf(`${gateway.url}/readyz`), 200)
  assert.equal((await scrape(gateway.url)).value('tollgate_workers'), 1)
  await postgres.start()
  await bothServe(gateway, first)
  await until(async () => (await scrape(gateway.url)).value('tollgate_workers') === 2)
})

test('SIGTERM drains every worker: no worker is ready, running calls end, and the exit code is 0', async t => {
  const folder = await temporaryFolder(t)
  const { gateway, provider } = await startTwo(t, { DRAIN_DELAY_SECONDS: '3', DRAIN_SECONDS: '60' }, folder)
  const key = await newClient(gateway.url)
  const slow = message('[[scenario: slow-stream 50 chunks 20ms]]', { stream: true })
  const streams = await Promise.all(Array.from({ length: 6 }, () => call(gateway.url, key, slow)))
  await provider.waitForCall()

  gateway.signal('SIGTERM')
  await until(async () => (await statusOf(`${gateway.url}/readyz`)) === 503)
  // systemd sends the signal to every process.
  for (const pid of listeners(gateway.lines)) process.kill(pid, 'SIGTERM')
  const late = await call(gateway.url, key, message('late, but still served'))

  assert.equal(late.status, 200)
  for (const stream of streams) assert.match(await stream.text(), /event: message_stop/)
  assert.equal(await gateway.ended, 0)
  assert.equal(gateway.lines.filter(({ msg }) => msg.startsWith('draining')).length, 2)
  assert.equal(gateway.complaints(), '')
  await nothingRuns(folder)
})

test('a second SIGTERM ends every worker at once with exit code 1', async t => {
  const folder = await temporaryFolder(t)
  const { gateway, provider } = await startTwo(t, { DRAIN_SECONDS: '600' }, folder)
  const key = await newClient(gateway.url)
  const stalled = call(gateway.url, key, message('[[scenario: stall]]', { stream: true }))
  const cut = stalled.then(response => response.text()).catch(() => 'cut')
  await provider.waitForCall()

  gateway.signal('SIGTERM')
  await until(() => gateway.lines.filter(({ msg }) => msg.startsWith('draining')).length === 2)
  gateway.signal('SIGTERM')

  assert.equal(await gateway.ended, 1)
  assert.doesNotMatch(await cut, /message_stop/)
  await nothingRuns(folder)
})

test('no worker and no embedded store outlives a primary that is killed, and the next one starts', async t => {
  const DATA_DIR = await makeDataDir(t)
  const provider = await startProvider(t)
  const env = { DATA_DIR, WORKERS: '2', EZAI_BASE_URL: provider.url }
  const gateway = await startProcess(t, env, DATA_DIR)
  await bothServe(gateway)
  const key = await newClient(gateway.url)
  await callAtOnce(gateway.url, key, 4)

  gateway.signal('SIGKILL')

  assert.equal(await gateway.ended, 'SIGKILL')
  await nothingRuns(DATA_DIR)
  const next = await startProcess(t, env, DATA_DIR)
  await bothServe(next)
  await callAtOnce(next.url, key, 4)
  next.signal('SIGTERM')
  assert.equal(await next.ended, 0)
  await nothingRuns(DATA_DIR)
})

test('a port in use ends the start with the error of a single process, once', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  const PORT = String((other.address() as AddressInfo).port)
  const stores = { REDIS_URL: (await testRedis(t)).url, DATABASE_URL: (await testDatabase(t)).url }

  const gateway = await startProcess(t, { ...stores, PORT, WORKERS: '2' })

  assert.equal(await gateway.ended, 1)
  assert.match(gateway.complaints(), new RegExp(`^PORT: found port ${PORT} [^\n]+\n$`))
})

test('workers that live shortly one after the other are replaced later and later', () => {
  assert.deepEqual([0, 1, 2, 3, 6, 100].map(pauseBefore), [0, 1000, 2000, 4000, 30_000, 30_000])
})
