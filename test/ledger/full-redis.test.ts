/** A gateway with a full Redis: its alert, its refusals, and the drain of the ledger. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { Cluster, Redis } from 'ioredis'
import { type Outage, outages } from '../../src/outages.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { type Receiver, startReceiver } from '../alerts/fixture.ts'
import { type Gateway, message, startGateway } from '../gateway.ts'
import { scrape } from '../prometheus.ts'
import { ownPostgres, ownRedis } from '../servers.ts'
import { until } from '../until.ts'

const LEDGER = '{tollgate}:ledger'

async function arrange(t: TestContext) {
  const [server, postgres, receiver] = await Promise.all([ownRedis(t), ownPostgres(t), startReceiver(t)])
  const gateway = await startGateway(t, {
    redisUrl: server.url,
    databaseUrl: postgres.url,
    env: { ALERT_WEBHOOK_URL: receiver.url, LEDGER_MAX_PENDING: '1000' },
  })
  const redis = connectRedis(server.url)
  redis.on('error', () => {})
  t.after(() => redis.disconnect())
  const key = await gateway.client({ name: 'frontend', budget: { day: 10 } })
  let prompts = 0
  const call = async (more = '') => {
    const response = await gateway.post('/v1/messages', key, message(`${++prompts} ${more}`))
    await response.arrayBuffer()
    return response.status
  }
  /** Sets `maxmemory` to `bytes` less than the memory in use. */
  const shrink = async (bytes: number) => {
    const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
    await redis.config('SET', 'maxmemory', String(used - bytes))
  }
  return { gateway, server, redis, postgres, receiver, call, shrink }
}

const degraded = async ({ url }: Gateway): Promise<string[]> => {
  const body = (await (await fetch(`${url}/readyz`)).json()) as { degraded: string[] }
  return body.degraded
}
const sent = ({ posts }: Receiver) =>
  posts.map(
    ({ body }) => JSON.parse(body).metadata.event_payload as { kind: string; details: { cause?: string } },
  )
const errors = ({ lines }: Gateway, cause: string) =>
  lines.filter(line => line.level === 'error' && line.cause === cause)

/** Entries at no cost, so that the counters stay right. */
async function fill(redis: Redis | Cluster, entries: number) {
  const data = JSON.stringify({ clientId: 'c9', client: 'old', outcome: 'ok', error: 'x'.repeat(2000) })
  const pipeline = redis.pipeline()
  for (let i = 0; i < entries; i++) {
    const fields = { id: `old-${i}`, seq: 0, at: Date.now(), nanos: 0, held: 0, data }
    pipeline.xadd(LEDGER, '*', ...Object.entries(fields).flat())
  }
  await pipeline.exec()
}

test('a full Redis is reported, calls are refused without a write, and the ledger drains', async t => {
  const { gateway, server, redis, postgres, receiver, call, shrink } = await arrange(t)
  const { provider } = gateway

  await t.test('it is reported, and running calls are settled', async () => {
    const running = call('[[scenario: hold end]]')
    await until(async () => provider.calls.length === 1)
    await redis.config('SET', 'maxmemory', '1')

    assert.deepEqual(await Promise.all([call(), call(), call()]), [503, 503, 503])
    assert.ok((await degraded(gateway)).includes('redis_memory'))
    await until(async () => sent(receiver).some(({ details }) => details.cause === 'redis_full'))
    const metrics = await until(async () => {
      const found = await scrape(gateway.url)
      return found.value('tollgate_redis_memory_max_bytes') === 1 && found
    })
    assert.ok(Number(metrics.value('tollgate_redis_memory_used_bytes')) > 1)
    assert.equal(metrics.value('tollgate_part_up', { part: 'redis_memory' }), 0)
    assert.equal(metrics.value('tollgate_unavailable_calls_total', { cause: 'redis_full' }), 3)
    assert.equal(errors(gateway, 'redis_full').length, 1)
    provider.release('end')
    assert.equal(await running, 200)
    await until(async () => (await redis.hlen('{tollgate}:holds')) === 0 && (await redis.xlen(LEDGER)) === 0)
    assert.deepEqual((await gateway.app.ledger.verify()).differences, [])
    const { body } = await until(async () => {
      const found = await gateway.admin('GET', '/refusals')
      return JSON.stringify(found.body).includes('unavailable') && found
    })
    assert.match(JSON.stringify(body), /OOM/)
  })

  await t.test('a gateway that starts while Redis is full is ready, and reports the full memory', async t => {
    const second = await startGateway(t, { redisUrl: server.url, databaseUrl: postgres.url })

    await until(async () => (await degraded(second)).includes('redis_memory'))
    assert.equal((await fetch(`${second.url}/readyz`)).status, 200)
    await second.app.close()
    await redis.config('SET', 'maxmemory', '0')
  })

  await t.test('after an outage of Postgres the ledger drains, and calls work again', async () => {
    assert.equal(await call(), 200)
    await postgres.stop()
    assert.equal(await call(), 200)
    await fill(redis, 400)
    await shrink(300_000)
    const pending = await redis.xlen(LEDGER)
    const before = await redis.keys('{tollgate}:done:*')
    assert.deepEqual(await Promise.all(Array.from({ length: 20 }, () => call())), Array(20).fill(503))
    assert.equal(await redis.xlen(LEDGER), pending)
    assert.equal((await redis.keys('{tollgate}:done:*')).length, before.length)

    await postgres.start()
    await until(async () => (await redis.xlen(LEDGER)) === 0)
    await until(async () => (await call()) === 200)
    await until(async () => !(await degraded(gateway)).includes('redis_memory'))
    await until(async () => (await redis.hlen('{tollgate}:holds')) === 0 && (await redis.xlen(LEDGER)) === 0)
    assert.deepEqual((await gateway.app.ledger.verify()).differences, [])
    const { rows } = await gateway.app.pg.query(
      "select count(*)::int as count from calls where id like 'old-%'",
    )
    assert.equal(rows[0].count, 400)
  })

  await t.test('cached responses are evicted before Redis is full, and no more are stored', async () => {
    await redis.config('SET', 'maxmemory', '0')
    assert.equal(await call('first'), 200)
    const cached = () => redis.zcard('{tollgate}:cache:index')
    await until(async () => (await cached()) > 0)
    // 80 %: above the share of the cache, and far from full.
    const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
    await redis.config('SET', 'maxmemory', String(Math.round(used / 0.85)))
    await until(async () => (await cached()) === 0)
    assert.equal(await call('second'), 200)
    await until(async () => (await redis.hlen('{tollgate}:holds')) === 0)
    assert.equal(await cached(), 0)
    await until(async () => sent(receiver).some(({ kind }) => kind === 'redis_memory'))
    await redis.config('SET', 'maxmemory', '0')
  })

  const spare = await gateway.client({ name: 'spare' })
  const first = async () => (await gateway.post('/v1/messages', spare, message('hello'))).status
  const steps: {
    cause: Outage
    begin(): Promise<unknown>
    end?(): Promise<unknown>
    send?(): Promise<number>
  }[] = [
    {
      cause: 'redis_refuses',
      begin: () => redis.config('SET', 'min-replicas-to-write', '1'),
      end: () => redis.config('SET', 'min-replicas-to-write', '0'),
    },
    { cause: 'key_lookup', begin: postgres.stop, send: first },
    { cause: 'ledger_full', begin: () => fill(redis, 1000) },
    { cause: 'counters_incomplete', begin: () => redis.del('{tollgate}:epoch') },
    { cause: 'redis_away', begin: server.stop },
  ]
  for (const { cause, begin, end, send = call } of steps) {
    await t.test(`${cause} is reported in degraded, a metric, an alert and one log line`, async () => {
      const { part } = outages[cause]
      await begin()
      await until(async () => (await send()) === 503 && (await degraded(gateway)).includes(part))
      await send()
      await until(async () => {
        const { value } = await scrape(gateway.url)
        return Number(value('tollgate_unavailable_calls_total', { cause })) >= 2
      })
      await until(async () => sent(receiver).some(({ details }) => details.cause === cause))
      assert.equal(errors(gateway, cause).length, 1)
      await end?.()
    })
  }
})

test('each cause of 503 has a row in the runbook', () => {
  const runbook = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
  const errors = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8')
  const codes = [...errors.matchAll(/^ {2}(\w+): \[503,/gm)].map(([, code = '']) => code)

  assert.ok(codes.length > 2)
  for (const name of [...Object.keys(outages), ...codes])
    assert.match(runbook, new RegExp(`^\\| [^|]*\`${name}\``, 'm'), name)
})
