/** The memory of Redis for a client, a running call and an ended call. */

import type { Redis } from 'ioredis'
import { createMoneyScripts } from '../../src/lua/index.ts'
import type { Settlement } from '../../src/lua/types.ts'
import { callOf, settlementOf } from '../reservations.ts'
import { infoOf, openRedis } from '../stores.ts'
import { type Studied, type Study, sizeOf } from '../study.ts'

const prefix = '{tollgate}:'
const page = 500

export const row: Study = {
  name: 'redis-memory',
  title: 'Redis memory, by number of clients with a running call each',
  figures: [
    { key: 'client', title: 'per client: all its counters', unit: 'B', digits: 0 },
    { key: 'running', title: 'per running call: hold and lease', unit: 'B', digits: 0 },
    { key: 'both', title: 'per client with a running call, used_memory', unit: 'B', digits: 0 },
    { key: 'waiting', title: 'per ended call that waits for Postgres', unit: 'B', digits: 0 },
    { key: 'tombstone', title: 'per ended call, for an hour: tombstone', unit: 'B', digits: 0 },
  ],
  async study(folder, quick) {
    const { redis, stop } = await openRedis(folder)
    const studied: Studied[] = []
    try {
      for (const size of quick ? [1000, 10_000] : [10_000, 100_000]) {
        await redis.flushall()
        await redis.set(`${prefix}epoch`, '1')
        studied.push({ ...sizeOf(size, 'clients'), values: await measure(redis, size) })
      }
    } finally {
      await stop()
    }
    return studied
  },
}

async function measure(redis: Redis, size: number) {
  const money = createMoneyScripts(redis)
  // The memory of the scripts is not counted.
  const first = callOf(0, size)
  await money.admit(first.id, first.reservation, { version: 1, maxPending: 1_000_000 })
  await money.settle([settlementOf(first, Date.now())])
  const empty = await infoOf(redis, 'memory', 'used_memory')
  const calls = Array.from({ length: size }, (_, number) => callOf(number + 1, size))
  const settlements: Settlement[] = []
  for (let from = 0; from < size; from += page) {
    await Promise.all(
      calls.slice(from, from + page).map(async call => {
        const admitted = await money.admit(call.id, call.reservation, { version: 1, maxPending: 1_000_000 })
        if (admitted.kind !== 'granted') throw new Error(`an admission was ${JSON.stringify(admitted)}`)
        settlements.push(settlementOf(call, admitted.at))
      }),
    )
  }
  const full = await infoOf(redis, 'memory', 'used_memory')
  const holds = await bytesOf(redis, `${prefix}holds`)
  const leases = await bytesOf(redis, `${prefix}leases`)
  for (let from = 0; from < size; from += page) await money.settle(settlements.slice(from, from + page))
  const scopes = calls.slice(0, 1000).map(({ reservation }) => `${prefix}scope:${reservation.scopes[0]?.key}`)
  const tombstones = calls.slice(0, 1000).map(({ id }) => `${prefix}done:${id}`)
  return {
    client: await meanBytes(redis, scopes),
    running: (holds + leases) / size,
    both: (full - empty) / size,
    waiting: (await bytesOf(redis, `${prefix}ledger`)) / size,
    tombstone: await meanBytes(redis, tombstones),
  }
}

/** Counts every element, because MEMORY USAGE estimates by a sample otherwise. */
async function bytesOf(redis: Redis, key: string): Promise<number> {
  return (await redis.memory('USAGE', key, 'SAMPLES', 0)) ?? 0
}

async function meanBytes(redis: Redis, keys: string[]): Promise<number> {
  const sizes = await Promise.all(keys.map(key => bytesOf(redis, key)))
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length
}
