import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { createDelivery, type DeliveryOptions } from '../../src/alerts/delivery.ts'
import { listAlerts } from '../../src/alerts/list.ts'
import { createOutbox, type NewAlert } from '../../src/alerts/outbox.ts'
import { openWebhook } from '../../src/alerts/webhook.ts'
import { freePort } from '../servers.ts'
import { until } from '../until.ts'
import { alertOf, alertsTable, type Post, startReceiver } from './fixture.ts'

const LEASE = 2000

/** A replica: an outbox and a delivery on the same table. */
function replica(t: TestContext, pool: Pool, url: string, options: Partial<DeliveryOptions> = {}) {
  const lines: { msg: string }[] = []
  const log = pino({ level: 'debug' }, { write: line => void lines.push(JSON.parse(line)) })
  const webhook = openWebhook({ url, sender: { name: 'tollgate' }, timeoutMs: 1000 })
  const outbox = createOutbox(pool, { webhook: true, leaseMs: LEASE })
  const delivery = createDelivery({ outbox, webhook, log, everyMs: 50, firstRetryMs: 20, ...options })
  t.after(async () => {
    await delivery.stop()
    await webhook.close()
  })
  return { outbox, delivery, lines }
}

function raised(dedupe: string): NewAlert {
  return { ...alertOf({ dedupe }), raisedAt: new Date() }
}

const dedupesOf = (posts: Post[]) =>
  posts.map(({ body }) => JSON.parse(body).metadata.event_payload.dedupe).toSorted()

const all = (pool: Pool) => listAlerts(pool, { after: '', limit: 100 })
const firstOf = async (pool: Pool) => (await all(pool))[0]!

const delivered = (pool: Pool) =>
  until(async () => (await all(pool)).every(({ delivery }) => delivery === 'delivered'))

test('a receiver gets the alert after it recovers from each kind of failure', async t => {
  const { pool } = await alertsTable(t)
  const receiver = await startReceiver(t, [500, 'cut', 'silence', 429])
  const { outbox, delivery } = replica(t, pool, receiver.url)

  await outbox.add(raised('a'))
  delivery.wake()
  await until(async () => (await firstOf(pool)).attempts === 2)
  assert.equal((await firstOf(pool)).delivery, 'waiting')
  await delivered(pool)

  const alert = await firstOf(pool)
  assert.equal(receiver.posts.length, 5)
  assert.equal(alert.attempts, 5)
  assert.equal(alert.lastError, null)
  assert.equal(alert.nextAttemptAt, null)
  assert.ok(alert.deliveredAt)
})

test('an unreachable receiver leaves the last error in the list, and gets the alert after it is reachable', async t => {
  const { pool } = await alertsTable(t)
  const port = await freePort()
  const { outbox, delivery, lines } = replica(t, pool, `http://127.0.0.1:${port}/services/T0/B0/secret-path`)

  await outbox.add(raised('a'))
  delivery.wake()
  await until(async () => (await firstOf(pool)).lastError === 'the webhook cannot be reached: ECONNREFUSED')
  const receiver = await startReceiver(t, [], port)
  await delivered(pool)

  assert.equal(receiver.posts.length, 1)
  assert.ok(lines.some(({ msg }) => msg === 'an alert was not delivered'))
  assert.doesNotMatch(JSON.stringify(lines), /secret-path/)
})

test('an alert that is always rejected does not delay other alerts', async t => {
  const { pool } = await alertsTable(t)
  const receiver = await startReceiver(t)
  const { outbox, delivery } = replica(t, pool, receiver.url, { firstRetryMs: 60_000 })
  receiver.reactions.push(400)

  await outbox.add(raised('refused'))
  delivery.wake()
  await until(async () => (await firstOf(pool)).lastError !== null)
  for (const dedupe of ['a', 'b', 'c']) await outbox.add(raised(dedupe))
  await until(async () => receiver.posts.length === 4)

  assert.deepEqual(dedupesOf(receiver.posts), ['a', 'b', 'c', 'refused'])
})

test('retries to a failing receiver become rarer, and respect its Retry-After', async t => {
  const { pool } = await alertsTable(t)
  const receiver = await startReceiver(t, [
    500,
    500,
    response => response.writeHead(429, { 'retry-after': '120' }).end(),
  ])
  const { outbox, delivery } = replica(t, pool, receiver.url, { firstRetryMs: 100 })

  await outbox.add(raised('a'))
  delivery.wake()
  await until(async () => receiver.posts.length === 3)
  const { nextAttemptAt } = await until(async () => {
    const alert = await firstOf(pool)
    return alert.lastError?.endsWith('429') && alert
  })

  const wait = nextAttemptAt!.getTime() - Date.now()
  assert.ok(wait > 100_000 && wait <= 120_000, `${wait} ms`)
})

test('two replicas share the work: each alert is delivered once', async t => {
  const { pool } = await alertsTable(t)
  const receiver = await startReceiver(t)
  const one = replica(t, pool, receiver.url)
  const other = replica(t, pool, receiver.url)
  const dedupes = Array.from({ length: 20 }, (_, i) => `alert-${String(i).padStart(2, '0')}`)

  await Promise.all(dedupes.flatMap(dedupe => [one, other].map(({ outbox }) => outbox.add(raised(dedupe)))))
  one.delivery.wake()
  other.delivery.wake()
  await delivered(pool)

  assert.deepEqual(dedupesOf(receiver.posts), dedupes)
})

test('another replica delivers the alert of a killed replica', async t => {
  const { pool, url } = await alertsTable(t)
  const receiver = await startReceiver(t, ['silence'])
  await createOutbox(pool, { webhook: true, leaseMs: LEASE }).add(raised('a'))
  const child = spawn(process.execPath, [new URL('./deliverer.ts', import.meta.url).pathname], {
    stdio: 'inherit',
    env: { ...process.env, DATABASE: url, WEBHOOK: receiver.url, LEASE: String(LEASE) },
  })
  t.after(() => child.kill('SIGKILL'))
  await until(async () => receiver.posts.length === 1)

  child.kill('SIGKILL')
  await once(child, 'exit')
  replica(t, pool, receiver.url)
  await delivered(pool)

  assert.deepEqual(
    dedupesOf(receiver.posts),
    ['a', 'a'],
    'at least once: the killed replica may have delivered it',
  )
  assert.equal((await firstOf(pool)).attempts, 2)
})

test('a stopping replica ends its current delivery, and begins no other', async t => {
  const { pool } = await alertsTable(t)
  let accept = () => {}
  const receiver = await startReceiver(t, [
    response => {
      accept = () => response.writeHead(200).end()
    },
  ])
  const { outbox, delivery } = replica(t, pool, receiver.url)
  await outbox.add(raised('a'))
  await outbox.add(raised('b'))
  delivery.wake()
  await until(async () => receiver.posts.length === 1)

  const stopped = delivery.stop()
  accept()
  await stopped

  const alerts = await all(pool)
  assert.deepEqual(alerts.map(alert => alert.delivery).toSorted(), ['delivered', 'waiting'])
  assert.equal(receiver.posts.length, 1)
})
