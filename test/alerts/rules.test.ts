/** The rules in a running gateway: real calls, a real receiver. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connectRedis } from '../../src/redis/connect.ts'
import { type Gateway, type GatewayOptions, message, startGateway } from '../gateway.ts'
import { ownPostgres, temporaryFolder } from '../servers.ts'
import { until } from '../until.ts'
import { type Post, type Receiver, type Shown, startReceiver } from './fixture.ts'

/** A call of claude-haiku-4-5 that costs $0.0035. */
const CALL = '[[scenario: usage 1000 in 500 out]]'

async function arrange(t: TestContext, options: GatewayOptions = {}) {
  const receiver = await startReceiver(t)
  const env = { ALERT_WEBHOOK_URL: receiver.url, ...options.env }
  return { receiver, gateway: await startGateway(t, { ...options, env }) }
}

const payload = ({ body }: Post) => JSON.parse(body).metadata.event_payload
const ofKind = ({ posts }: Receiver, kind: string) => posts.map(payload).filter(alert => alert.kind === kind)

function received(receiver: Receiver, kind: string) {
  return until(async () => ofKind(receiver, kind)[0])
}

/** As the administration shows them. */
async function alertsOf(gateway: Gateway): Promise<Shown[]> {
  const { body } = await gateway.admin('GET', '/alerts')
  return Array.isArray(body.alerts) ? body.alerts : []
}

let prompts = 0

/** Calls one after the other, each with bytes of its own. */
async function spend(gateway: Gateway, key: string, calls: number, prompt = CALL) {
  const statuses: number[] = []
  for (let i = 0; i < calls; i++) {
    const response = await gateway.post(
      '/v1/messages',
      key,
      message(`${++prompts} ${prompt}`, { max_tokens: 500 }),
    )
    await response.arrayBuffer()
    statuses.push(response.status)
  }
  return statuses
}

test('a budget raises an alert at the next threshold, once for two gateways', async t => {
  const { gateway, receiver } = await arrange(t)
  const { provider, redisUrl, databaseUrl } = gateway
  const env = { ALERT_WEBHOOK_URL: receiver.url }
  const other = await startGateway(t, { provider, redisUrl, databaseUrl, env })
  const key = await gateway.client({ name: 'frontend', budget: { day: 0.02 } })

  await spend(gateway, key, 2)
  await spend(other, key, 1)
  const half = await received(receiver, 'budget_threshold')
  await spend(other, key, 2)
  const most = await until(async () => ofKind(receiver, 'budget_threshold')[1])

  assert.deepEqual(
    [half, most].map(({ scope, details }) => [scope, details.percent, details.period, details.spentUsd]),
    [
      ['client:frontend', 50, 'day', 0.0105],
      ['client:frontend', 80, 'day', 0.0175],
    ],
  )
  const shown = await until(async () => {
    const thresholds = (await alertsOf(gateway)).filter(({ kind }) => kind === 'budget_threshold')
    return thresholds.every(({ delivery }) => delivery === 'delivered') && thresholds
  })
  assert.equal(shown.length, 2)
  assert.equal(ofKind(receiver, 'budget_threshold').length, 2)
})

test('calls that a spent budget refuses raise one alert', async t => {
  const { gateway, receiver } = await arrange(t)
  const key = await gateway.client({ name: 'frontend', budget: { month: 0.004 } })

  const statuses = await spend(gateway, key, 5)
  const alert = await received(receiver, 'budget_refused')

  assert.deepEqual(statuses, [200, 402, 402, 402, 402])
  assert.equal(alert.severity, 'critical')
  assert.deepEqual([alert.details.period, alert.details.limitUsd], ['month', 0.004])
  assert.equal(ofKind(receiver, 'budget_refused').length, 1)
})

test('the loop limit raises one alert for any number of refusals', async t => {
  const { gateway, receiver } = await arrange(t)
  const key = await gateway.client({
    name: 'frontend',
    cache: { enabled: false },
    loop: { identical: 2, per: '1m' },
  })

  for (let i = 0; i < 6; i++) await gateway.post('/v1/messages', key, message('again'))
  const alert = await received(receiver, 'loop_detected')

  assert.equal(alert.scope, 'client:frontend')
  assert.equal(ofKind(receiver, 'loop_detected').length, 1)
})

test('a call under a budget that costs more than its hold raises an alert', async t => {
  const { gateway, receiver } = await arrange(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })

  await spend(gateway, key, 1, '[[scenario: usage 10 in 90000 out]]')
  const { details, severity } = await received(receiver, 'overspend')

  assert.equal(severity, 'critical')
  assert.ok(details.costUsd > details.heldUsd)
})

test('a budget that is overspent after Redis lost a hold raises an alert, and verify lists it until the budget is raised', async t => {
  const { gateway, receiver } = await arrange(t)
  const { app, provider } = gateway
  const settings = { cache: { enabled: false }, hold: 'ceiling', budget: { day: 0.004 } }
  const key = await gateway.client({ name: 'frontend', ...settings })
  const send = (prompt: string) => gateway.post('/v1/messages', key, message(prompt, { max_tokens: 500 }))
  // Each holds $0.0026 and costs $0.0025.
  provider.use(() => 'usage 10 in 490 out')
  provider.next('hold, usage 10 in 490 out')
  const frozen = send('frozen')
  await provider.waitForCall(1)
  // Its replica reports no hold any more, like a frozen one.
  app.holds.clear()
  const redis = connectRedis(gateway.redisUrl)
  t.after(() => redis.disconnect())
  await redis.flushdb()
  await until(async () => (await redis.exists('{tollgate}:epoch')) === 1)

  assert.equal((await send('another')).status, 200)
  provider.release()
  assert.equal((await frozen).status, 200)

  const alert = await received(receiver, 'budget_overspent')
  assert.deepEqual(
    [alert.severity, alert.scope, alert.details.limitUsd],
    ['critical', 'client:frontend', 0.004],
  )
  const { status, body } = await gateway.admin('GET', '/verify')
  assert.deepEqual([status, body.ok, body.found], [409, false, 1])
  const [{ scope, window, differenceUsd, limitUsd }] = body.differences as [Record<string, unknown>]
  assert.match(String(scope), /^client:/)
  assert.deepEqual([window, differenceUsd, limitUsd], ['day', 0.00092, 0.004])
  await gateway.admin('PATCH', '/clients/frontend', { budget: { day: 1 } })
  assert.equal((await gateway.admin('GET', '/verify')).status, 200)
})

test('a budget that is raised or cut while calls run is not overspent', async t => {
  const { gateway } = await arrange(t)
  const { provider } = gateway
  const key = await gateway.client({ name: 'frontend', hold: 'ceiling', budget: { day: 0.004 } })
  const send = (prompt: string) => gateway.post('/v1/messages', key, message(prompt, { max_tokens: 500 }))
  provider.use(() => 'usage 10 in 490 out')
  provider.next('hold, usage 10 in 490 out')
  const first = send('admitted under the first budget')
  await provider.waitForCall(1)
  await gateway.admin('PATCH', '/clients/frontend', { budget: { day: 0.1 } })
  assert.equal((await send('admitted under the second')).status, 200)
  provider.release()
  await (await first).arrayBuffer()
  await until(async () => (await gateway.state('frontend')).day?.heldUsd === 0)
  await gateway.admin('PATCH', '/clients/frontend', { budget: { day: 0.001 } })

  assert.equal((await gateway.admin('GET', '/verify')).status, 200)
  assert.deepEqual(
    (await alertsOf(gateway)).filter(({ kind }) => kind === 'budget_overspent'),
    [],
  )
})

test('a ledger that falls behind raises an alert while Postgres is unreachable', async t => {
  const postgres = await ownPostgres(t)
  const env = { LEDGER_MAX_PENDING: '40' }
  const { gateway, receiver } = await arrange(t, { env, databaseUrl: postgres.url })
  const key = await gateway.client({ name: 'frontend' })
  await spend(gateway, key, 1)
  await postgres.stop()

  await spend(gateway, key, 6)
  const tenth = await received(receiver, 'ledger_behind')
  await spend(gateway, key, 16)
  const half = await until(async () => ofKind(receiver, 'ledger_behind')[1])
  await postgres.start()

  assert.deepEqual([tenth.severity, half.severity], ['warning', 'critical'])
  const shown = await until(async () => {
    const alerts = await alertsOf(gateway)
    return alerts.length >= 2 && alerts
  })
  assert.ok(shown.every(({ delivery }) => delivery === 'delivered'))
})

test('a prices file that becomes invalid raises an alert', async t => {
  const file = join(await temporaryFolder(t), 'prices.json')
  await writeFile(file, '{}')
  const { receiver } = await arrange(t, { env: { PRICES_FILE: file } })

  await writeFile(file, '{ "models": ')
  const alert = await received(receiver, 'prices_faulty')

  assert.match(alert.details.fault, /PRICES_FILE/)
})
