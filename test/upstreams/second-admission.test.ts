/** The admission of the next attempt, while Redis is away or the call ends. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { unavailable } from '../../src/outages.ts'
import { message } from '../gateway.ts'
import { allQuiet, assertBalanced } from '../proof/reconciliation.ts'
import { startRouted } from '../routed.ts'
import { ownRedis } from '../servers.ts'
import { until } from '../until.ts'

const names = ['first', 'second'] as const
const routes = [{ models: ['claude-haiku-*'], order: ['first', 'second'] }]

/** A call whose first attempt is broken off, and charged, when the upstream gets `go`. */
async function arrange(t: TestContext) {
  const redis = await ownRedis(t)
  const routed = await startRouted(t, { names, routes, options: { redisUrl: redis.url } })
  const { gateway, providers, seen } = routed
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 }, cache: { enabled: false } })
  providers.first.use(() => 'hold answer, unread')
  const leaving = new AbortController()
  const response = gateway.post('/v1/messages', key, message('hello'), { signal: leaving.signal })
  response.catch(() => {})
  await providers.first.waitForCall()
  const running = [...gateway.app.running].find(({ request }) => request.attempt)
  assert.ok(running)
  return { redis, gateway, seen, response, leaving, running, go: () => providers.first.release('answer') }
}

type Arranged = Awaited<ReturnType<typeof arrange>>

/** Redis does not reply until the end of `meanwhile`, which runs while the call waits for its second admission. */
async function whileItWaits({ redis, running, go }: Arranged, meanwhile: () => unknown) {
  process.kill(redis.pid, 'SIGSTOP')
  try {
    go()
    await until(() => running.request.chargedAttempts === 1)
    await meanwhile()
  } finally {
    process.kill(redis.pid, 'SIGCONT')
  }
}

/** What each row cost: only its id after the call's id is shown. */
async function charged({ gateway, running }: Arranged) {
  await allQuiet(gateway)
  const rows = await assertBalanced(gateway)
  assert.equal(gateway.app.holds.size, 0)
  return rows.map(({ id, cost }) => [id.replace(running.request.id, ''), cost > 0])
}

test('a caller who leaves during the second admission gets no other attempt, and nothing stays held', async t => {
  const arranged = await arrange(t)
  const { leaving, running, response, seen } = arranged

  await whileItWaits(arranged, async () => {
    leaving.abort()
    await until(() => running.request.disconnected)
  })

  await assert.rejects(response)
  assert.deepEqual(await charged(arranged), [['', true]])
  assert.deepEqual(seen(), { first: 1, second: 0 })
})

test('a call that is cut during the second admission gets no other attempt, and nothing stays held', async t => {
  const arranged = await arrange(t)
  const { running, response, seen } = arranged

  await whileItWaits(arranged, () =>
    running.request.cut?.(unavailable('restarting', 'The gateway restarts.', 'cut', 'interrupted')),
  )

  assert.equal((await response).status, 503)
  assert.deepEqual(await charged(arranged), [
    ['', true],
    ['~2', false],
  ])
  assert.deepEqual(seen(), { first: 1, second: 0 })
})

test('without Redis no other attempt follows a charged one, and the charge is not lost', async t => {
  const arranged = await arrange(t)
  const { redis, gateway, response, seen, go } = arranged
  await redis.stop()
  await until(() => gateway.app.redis.status !== 'ready')

  go()

  assert.equal((await response).status, 502)
  await redis.restart()
  assert.deepEqual(await charged(arranged), [['', true]])
  assert.deepEqual(seen(), { first: 1, second: 0 })
})

test('a second admission whose reply is lost holds nothing afterwards', async t => {
  const arranged = await arrange(t)
  const { redis, running, response, seen, go } = arranged

  process.kill(redis.pid, 'SIGSTOP')
  go()
  await until(() => running.request.chargedAttempts === 1)
  await redis.kill9()
  await redis.restart()

  assert.equal((await response).status, 502)
  const rows = await charged(arranged)
  assert.deepEqual(rows[0], ['', true])
  assert.ok(rows.slice(1).every(([, isCharged]) => !isCharged))
  assert.deepEqual(seen(), { first: 1, second: 0 })
})
