/** A frozen store keeps its connections and sends no response, so it is harder to detect than an unreachable one. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { connectRedis } from '../../src/redis/connect.ts'
import { linkTo } from '../clients/link.ts'
import { type Gateway, message, startGateway } from '../gateway.ts'
import { ownRedis, testDatabase } from '../servers.ts'
import { until } from '../until.ts'

/** A refusal in bounded time: longer than this, and a caller hangs. Milliseconds. */
const BOUND = 10_000

async function degraded({ url }: Gateway): Promise<string[]> {
  const response = await fetch(`${url}/readyz`)
  assert.equal(response.status, 200, 'calls that still work go on')
  return ((await response.json()) as { degraded: string[] }).degraded
}

const inTime = () => ({ signal: AbortSignal.timeout(BOUND) })

test('calls get 503 in bounded time while Redis is frozen, readyz names it, and the gateway recovers', async t => {
  const redis = await ownRedis(t)
  const gateway = await startGateway(t, { redisUrl: redis.url })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  assert.equal((await gateway.post('/v1/messages', key, message('before'))).status, 200)

  process.kill(redis.pid, 'SIGSTOP')
  const first = await gateway.post('/v1/messages', key, message('at once'), inTime())
  await until(async () => (await degraded(gateway)).includes('redis'))
  const later = await gateway.post('/v1/messages', key, message('later'), inTime())

  for (const response of [first, later]) {
    assert.equal(response.status, 503)
    assert.match(await response.text(), /"error_code":"unavailable"/)
    assert.match(response.headers.get('retry-after') ?? '', /^[1-5]$/)
  }
  process.kill(redis.pid, 'SIGCONT')
  await until(async () => (await degraded(gateway)).length === 0)
  assert.equal((await gateway.post('/v1/messages', key, message('after'))).status, 200)
  await until(async () => {
    const { day, concurrency } = await gateway.state('frontend')
    return day?.heldUsd === 0 && concurrency?.running === 0
  })
})

/** The calls in the administration: rows of the ledger, and counted refusals. */
async function usageOf(gateway: Gateway) {
  const { body } = await gateway.admin('GET', '/usage')
  const { total, refusals } = body as {
    total: { calls: number }
    refusals: { reason: string; count: number }[]
  }
  const refused = refusals.filter(({ reason }) => reason === 'unavailable')
  return { calls: total.calls, refused: refused.reduce((sum, { count }) => sum + count, 0) }
}

test('calls that are refused while Redis is frozen are counted, and write no other record', async t => {
  const redis = await ownRedis(t)
  const gateway = await startGateway(t, { redisUrl: redis.url })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  const { app } = gateway
  assert.equal((await gateway.post('/v1/messages', key, message('before'))).status, 200)
  await until(async () => app.settlements.waiting === 0)

  process.kill(redis.pid, 'SIGSTOP')
  const asked = await Promise.all(
    [1, 2, 3].map(n => gateway.post('/v1/messages', key, message(`asked ${n}`))),
  )
  await until(async () => (await degraded(gateway)).includes('redis'))
  const unasked: number[] = []
  for (let n = 0; n < 300; n++)
    unasked.push((await gateway.post('/v1/messages', key, message(`${n}`))).status)

  assert.deepEqual(new Set([...asked.map(({ status }) => status), ...unasked]), new Set([503]))
  assert.ok(app.settlements.waiting <= 3, `${app.settlements.waiting} wait for Redis`)
  process.kill(redis.pid, 'SIGCONT')
  await until(async () => app.settlements.waiting === 0 && (await degraded(gateway)).length === 0)
  assert.equal((await gateway.post('/v1/messages', key, message('after'))).status, 200)
  await until(async () => {
    const { calls, refused } = await usageOf(gateway)
    return calls === 2 && refused === 303
  })
  assert.equal((await gateway.state('frontend')).day?.heldUsd, 0)
})

test('calls are refused at once while Redis runs no script, and are served after it recovers', async t => {
  const { url } = await ownRedis(t)
  const gateway = await startGateway(t, { redisUrl: url })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  const { app } = gateway
  assert.equal((await gateway.post('/v1/messages', key, message('before'))).status, 200)
  const redis = connectRedis(url)
  t.after(() => redis.disconnect())

  await redis.call('CLIENT', 'PAUSE', '600000', 'WRITE')
  assert.equal((await gateway.post('/v1/messages', key, message('asked'))).status, 503)
  await until(async () => app.settlements.isStuck)
  const { admit } = app.money
  let asked = 0
  app.money.admit = (...args) => {
    asked++
    return admit(...args)
  }
  const statuses = await Promise.all(
    Array.from(
      { length: 50 },
      async (_, n) => (await gateway.post('/v1/messages', key, message(`${n}`))).status,
    ),
  )

  assert.deepEqual([new Set(statuses), asked], [new Set([503]), 0])
  await redis.call('CLIENT', 'UNPAUSE')
  await until(async () => app.settlements.waiting === 0 && !app.settlements.isStuck)
  assert.equal((await gateway.post('/v1/messages', key, message('after'))).status, 200)
  await until(async () => {
    const { calls, refused } = await usageOf(gateway)
    return calls === 2 && refused === 51
  })
})

test('the administration soon reports a frozen or killed Redis, and logs no error', async t => {
  const redis = await ownRedis(t)
  const gateway = await startGateway(t, { redisUrl: redis.url })
  await gateway.client({ name: 'frontend', team: 'web', budget: { day: 5 } })
  async function expectAway() {
    const verified = await gateway.admin('GET', '/verify')
    assert.deepEqual([verified.status, verified.body.title], [503, 'Unavailable'])
    assert.match(String(verified.body.detail), /Redis/)
    const { status, body } = await gateway.admin('GET', '/explain?client=frontend&model=claude-haiku-4-5')
    assert.deepEqual([status, body.obstacles], [200, [{ code: 'unavailable', detail: 'Redis is away' }]])
  }

  process.kill(redis.pid, 'SIGSTOP')
  await expectAway()
  await until(async () => (await degraded(gateway)).includes('redis'))
  await expectAway()
  process.kill(redis.pid, 'SIGCONT')
  await until(async () => (await gateway.admin('GET', '/verify')).status === 200)
  await redis.kill9()
  await expectAway()

  assert.deepEqual(
    gateway.lines.filter(({ msg }) => msg === 'a fault of the gateway'),
    [],
  )
})

async function withFrozenPostgres(t: TestContext) {
  const { url } = await testDatabase(t)
  const link = await linkTo(t, url)
  const gateway = await startGateway(t, { databaseUrl: link.url })
  return { link, gateway, key: await gateway.client({ name: 'frontend' }) }
}

test('a known key works while Postgres is frozen, an unknown one gets 503 in bounded time, and the gateway recovers', async t => {
  const { link, gateway, key } = await withFrozenPostgres(t)
  const unknownKey = await gateway.client({ name: 'unknownKey' })
  assert.equal((await gateway.post('/v1/messages', key, message('before'))).status, 200)

  link.freeze()
  const unknown = await gateway.post('/v1/messages', unknownKey, message('unknown here'), inTime())
  await until(async () => (await degraded(gateway)).includes('postgres'))
  const known = await gateway.post('/v1/messages', key, message('known'), inTime())

  assert.equal(unknown.status, 503)
  assert.match(await unknown.text(), /"error_code":"unavailable"/)
  assert.equal(known.status, 200)
  link.thaw()
  await until(async () => (await degraded(gateway)).length === 0)
  assert.equal((await gateway.post('/v1/messages', unknownKey, message('after'))).status, 200)
})
