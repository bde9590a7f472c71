import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster, Redis } from 'ioredis'
import { connectRedis } from '../../src/redis/connect.ts'
import { testRedis } from '../servers.ts'

const CALLERS = [22, 21, 21]
const ASKS = 10

/** 64 callers in three processes ask all at once; returns how many were granted, and how long it took. */
async function storm(t: TestContext, capacity: number, per: number) {
  const { url } = await testRedis(t)
  const redis = connectRedis(url)
  await redis.set('{tollgate}:epoch', 1)
  const processes = CALLERS.map((callers, i) => {
    const args = [url, `process ${i}`, callers, ASKS, capacity, per].map(String)
    return spawn(process.execPath, [new URL('caller.ts', import.meta.url).pathname, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  })
  t.after(() => {
    for (const child of processes) child.kill()
  })
  while (Number(await redis.get('ready')) < CALLERS.length) await delay(5)
  const begin = await timeOf(redis)
  await redis.set('go', 1)
  const counts = await Promise.all(processes.map(({ stdout }) => text(stdout)))
  const took = (await timeOf(redis)) - begin
  redis.disconnect()
  return { granted: counts.reduce((sum, count) => sum + Number(count), 0), took }
}

/** Milliseconds by the clock that refills buckets. */
async function timeOf(redis: Redis | Cluster): Promise<number> {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * 1000 + Math.ceil(Number(micros) / 1000)
}

test('64 callers in three processes on one bucket of 100: exactly 100 are granted', async t => {
  const { granted } = await storm(t, 100, 24 * 3_600_000)
  assert.equal(granted, 100)
})

test('64 callers in three processes on a bucket that refills: exactly the capacity and the refill are granted', async t => {
  const { granted, took } = await storm(t, 100, 10_000)
  assert.ok(granted >= 100 && granted <= 100 + Math.ceil(took / 100), `${granted} granted in ${took} ms`)
})
