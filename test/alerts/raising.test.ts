import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import type { Alert } from '../../src/alerts/alert.ts'
import { createOutbox } from '../../src/alerts/outbox.ts'
import { createRaiser } from '../../src/alerts/raising.ts'
import { freePort, openPool, ownPostgres, testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'
import { alertOf, type Line, type Replica, startReceiver, startReplica } from './fixture.ts'

async function servers(t: TestContext) {
  const [redis, database] = await Promise.all([testRedis(t), testDatabase(t)])
  return { redisUrl: redis.url, databaseUrl: database.url }
}

const alertsIn = ({ lines }: { lines: Line[] }) => lines.filter(({ msg }) => msg.startsWith('alert: '))
const shown = ({ alerts }: Replica, length: number) =>
  until(async () => {
    const found = await alerts()
    return found.length === length && found
  })

test('an alert that two replicas raise again and again is written, logged and delivered once', async t => {
  const stores = await servers(t)
  const receiver = await startReceiver(t)
  const replicas = await Promise.all([1, 2].map(() => startReplica(t, stores, { webhookUrl: receiver.url })))

  for (let i = 0; i < 50; i++) for (const { app } of replicas) app.alerts.raise(alertOf())
  await until(async () => (await replicas[0]!.alerts())[0]?.delivery === 'delivered')
  await Promise.all(replicas.map(({ app }) => app.close()))

  assert.equal(receiver.posts.length, 1)
  assert.equal(replicas.flatMap(alertsIn).length, 1)
})

test('a new window raises the alert again', async t => {
  const replica = await startReplica(t, await servers(t))
  replica.app.alerts.raise(alertOf({ dedupe: 'budget:client:c1:d20261123:80' }))
  replica.app.alerts.raise(alertOf({ dedupe: 'budget:client:c1:d20261124:80' }))
  await shown(replica, 2)
})

test('a higher severity suppresses a lower one, on every replica and after a restart', async t => {
  const stores = await servers(t)
  const first = await startReplica(t, stores)
  first.app.alerts.raise(alertOf({ dedupe: 'at 100', unless: [] }))
  await shown(first, 1)
  await first.app.close()

  const second = await startReplica(t, stores)
  second.app.alerts.raise(alertOf({ dedupe: 'at 50', unless: ['at 80', 'at 100'] }))
  second.app.alerts.raise(alertOf({ dedupe: 'another' }))
  await until(async () => alertsIn(second).length > 0)

  assert.equal((await second.alerts()).length, 2)
})

test('an alert without a webhook is logged and shown as not delivered, also after a webhook is set', async t => {
  const stores = await servers(t)
  const before = await startReplica(t, stores)
  before.app.alerts.raise(alertOf({ dedupe: 'old' }))
  const [old] = await shown(before, 1)
  assert.equal(old?.delivery, 'no_webhook')
  const line = await until(async () => alertsIn(before)[0])
  assert.equal(line.level, 40)
  assert.equal(line.msg, `alert: ${alertOf().title}`)
  assert.equal(line.spentUsd, 4)
  await before.app.close()

  const receiver = await startReceiver(t)
  const after = await startReplica(t, stores, { webhookUrl: receiver.url })
  after.app.alerts.raise(alertOf({ dedupe: 'new' }))
  await until(async () => (await after.alerts())[0]?.delivery === 'delivered')

  assert.equal(receiver.posts.length, 1)
  assert.equal((await after.alerts())[1]?.delivery, 'no_webhook')
})

test('the webhook’s URL and secret are never logged or shown', async t => {
  const stores = await servers(t)
  const webhookSecret = 'whsec-never-to-be-seen'
  const receiver = await startReceiver(t, [500, 'cut', response => response.end(webhookSecret)])
  const replica = await startReplica(t, stores, { webhookUrl: receiver.url, webhookSecret })

  replica.app.alerts.raise(alertOf())
  await until(async () => (await replica.alerts())[0]?.delivery === 'delivered')

  const seen = JSON.stringify([replica.lines, await replica.alerts()])
  assert.doesNotMatch(seen, /secret-path|whsec/)
})

test('alerts wait while Postgres is unreachable, and are written and delivered after it recovers', async t => {
  const [redis, postgres] = await Promise.all([testRedis(t), ownPostgres(t)])
  const receiver = await startReceiver(t)
  const stores = { redisUrl: redis.url, databaseUrl: postgres.url }
  const replica = await startReplica(t, stores, { webhookUrl: receiver.url })
  await postgres.stop()

  for (const dedupe of ['a', 'b', 'a']) replica.app.alerts.raise(alertOf({ dedupe }))
  await until(async () => replica.lines.some(({ msg }) => msg === 'alerts wait for Postgres'))
  await postgres.start()
  await until(async () => receiver.posts.length === 2)

  const alerts = await shown(replica, 2)
  assert.ok(alerts.every(({ raisedAt }) => Date.parse(raisedAt) < Date.now()))
  assert.equal(replica.lines.filter(({ msg }) => msg === 'alerts wait for Postgres').length, 1)
})

test('an urgent alert does not wait for Postgres, and is delivered once by two replicas that find it', async t => {
  const [redis, postgres] = await Promise.all([testRedis(t), ownPostgres(t)])
  const receiver = await startReceiver(t, [500])
  const stores = { redisUrl: redis.url, databaseUrl: postgres.url }
  const options = { webhookUrl: receiver.url, leaseMs: 1000 }
  const replicas = await Promise.all([1, 2].map(() => startReplica(t, stores, options)))
  await postgres.stop()

  for (const { app } of replicas) app.alerts.raise(alertOf({ kind: 'ledger_behind', urgent: true }))
  await until(async () => receiver.posts.length === 2)
  await postgres.start()
  await until(async () => (await replicas[0]!.alerts())[0]?.delivery === 'delivered')
  await Promise.all(replicas.map(({ app }) => app.close()))

  assert.equal(receiver.posts.length, 2, 'one that failed, one that was taken')
})

test('waiting alerts take bounded memory, and a lost alert is reported', async t => {
  const lines: Line[] = []
  const log = pino({}, { write: line => void lines.push(JSON.parse(line)) })
  const pool = openPool(t, `postgres://127.0.0.1:${await freePort()}/away`)
  const outbox = createOutbox(pool, { webhook: false, leaseMs: 1000 })
  const raiser = createRaiser({
    ...{ outbox, log, mostWaiting: 10 },
    deliverUrgent: async () => {},
    written: () => {},
  })

  for (let i = 0; i < 100; i++) raiser.raise(alertOf({ dedupe: `alert ${i}` }))
  await raiser.stop()

  const lost = lines.filter(({ msg }) => msg.startsWith('alerts are lost'))
  assert.deepEqual(
    lost.map(({ alert }) => alert),
    ['alert 10'],
  )
})

test('an alert that Postgres cannot store does not delay other alerts', async t => {
  const replica = await startReplica(t, await servers(t))
  replica.app.alerts.raise(alertOf({ dedupe: 'a', title: 'half a \0 letter' }))
  replica.app.alerts.raise(alertOf({ dedupe: 'b' }))
  await shown(replica, 1)
  assert.ok(replica.lines.some(({ msg, alert }) => msg === 'an alert cannot be written' && alert === 'a'))
})

test('the list is paged, newest first, and wrong pages are refused', async t => {
  const replica = await startReplica(t, await servers(t))
  for (let i = 0; i < 5; i++) replica.app.alerts.raise(alertOf({ dedupe: `alert ${i}`, scope: `team:${i}` }))
  await shown(replica, 5)

  const scopes: string[] = []
  let cursor = ''
  do {
    const page = (await replica.app.inject(`/admin/alerts?limit=2${cursor}`)).json()
    for (const { scope } of page.alerts) scopes.push(scope)
    cursor = page.next === undefined ? '' : `&cursor=${page.next}`
  } while (cursor !== '')

  assert.deepEqual(scopes, ['team:4', 'team:3', 'team:2', 'team:1', 'team:0'])
  for (const wrong of ['limit=0', 'limit=1001', 'cursor=x', 'cursor=1e99', 'from=today']) {
    assert.equal((await replica.app.inject(`/admin/alerts?${wrong}`)).statusCode, 400, wrong)
  }
})

test('alerts are filtered by kind, severity, delivery, client, scope and time, page by page', async t => {
  const replica = await startReplica(t, await servers(t))
  const outbox = createOutbox(replica.app.pg, { webhook: true, leaseMs: 1000 })
  const at = (day: number) => new Date(Date.UTC(2026, 10, day, 12))
  const some: [string, Partial<Alert>, Date, Date?][] = [
    ['a', { kind: 'loop_detected', severity: 'warning', scope: 'client:web' }, at(1)],
    ['b', { kind: 'budget_threshold', severity: 'info', scope: 'client:web' }, at(2), at(2)],
    ['c', { kind: 'budget_threshold', severity: 'critical', scope: 'team:web' }, at(3)],
    ['d', { kind: 'budget_threshold', severity: 'critical', scope: 'client:web' }, at(4), at(4)],
  ]
  for (const [title, more, raisedAt, deliveredAt] of some)
    await outbox.add({ ...alertOf({ dedupe: title, title, ...more }), raisedAt, deliveredAt })
  await replica.app.pg.query(`update alerts set next_attempt_at = null where dedupe = 'c'`)
  for (const [query, expected] of [
    ['kind=budget_threshold', 'd c b'],
    ['severity=critical', 'd c'],
    ['client=web', 'd b a'],
    ['scope=team:web', 'c'],
    ['client=web&scope=team:web', ''],
    ['delivery=delivered', 'd b'],
    ['delivery=waiting', 'a'],
    ['delivery=no_webhook', 'c'],
    ['from=2026-11-02&to=2026-11-04', 'c b'],
    ['kind=budget_threshold&client=web&from=2026-11-03', 'd'],
    ['kind=none', ''],
  ] as const) {
    const found: string[] = []
    for (let cursor = ''; ; ) {
      const page = (await replica.app.inject(`/admin/alerts?${query}&limit=1${cursor}`)).json()
      for (const { title } of page.alerts) found.push(title)
      if (page.next === undefined) break
      cursor = `&cursor=${page.next}`
    }
    assert.equal(found.join(' '), expected, query)
  }
  for (const wrong of ['severity=bad', 'delivery=no', 'from=today', 'to=2026-02-30', 'kind=%00'])
    assert.equal((await replica.app.inject(`/admin/alerts?${wrong}`)).statusCode, 400, wrong)
})

test('alerts are deleted after three months', async t => {
  const replica = await startReplica(t, await servers(t))
  const outbox = createOutbox(replica.app.pg, { webhook: false, leaseMs: 1000 })
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)
  await outbox.add({ ...alertOf({ dedupe: 'old' }), raisedAt: daysAgo(91) })
  await outbox.add({ ...alertOf({ dedupe: 'young' }), raisedAt: daysAgo(89) })

  await outbox.prune()

  assert.equal((await replica.alerts()).length, 1)
})
