/** The cost of a call with ten clients to a million, for keys in memory and for keys that are not. */

import type { Redis } from 'ioredis'
import { Pool } from 'undici'
import { cpuOf } from '../cpu.ts'
import { fillClients } from '../fill-clients.ts'
import { startGateway } from '../gateway.ts'
import { residentBytes } from '../memory.ts'
import { bodyOf } from '../prompts.ts'
import { percentile } from '../statistics.ts'
import { openPostgres, openRedis, scriptsOf } from '../stores.ts'
import { type Studied, type Study, sizeOf } from '../study.ts'

const callers = 16
/** Calls one after the other, with no other load. */
const lonely = 300
const known = 1000
const unknownKeys = 2000

export const row: Study = {
  name: 'growth-clients',
  title: 'Clients, each with a key; the same number of calls over random ones',
  figures: [
    { key: 'started', title: 'gateway memory after its start', unit: 'MB', digits: 0 },
    { key: 'rss', title: 'gateway memory after calls of random clients', unit: 'MB', digits: 0 },
    { key: 'later', title: 'gateway memory after three times as many of these calls', unit: 'MB', digits: 0 },
    { key: 'knownCpu', title: 'gateway CPU per call, clients in memory', unit: 'us', digits: 0 },
    { key: 'lookUpCpu', title: 'gateway CPU per call, clients not in memory', unit: 'us', digits: 0 },
    { key: 'randomCpu', title: 'gateway CPU per call, random clients', unit: 'us', digits: 0 },
    { key: 'script', title: 'Redis time per call (admit and settle), random clients', unit: 'us', digits: 0 },
    { key: 'knownMs', title: 'one call alone, key in memory p50', unit: 'ms', digits: 2 },
    { key: 'lookUpMs', title: 'added by a key not in memory p50', unit: 'ms', digits: 2 },
  ],
  long: true,
  async study(folder, quick) {
    const postgres = await openPostgres(folder)
    const redis = await openRedis(folder)
    const studied: Studied[] = []
    try {
      for (const size of quick ? [10, 10_000] : [10, 10_000, 1_000_000]) {
        // More clients than a gateway keeps in memory, if there are that many.
        const keys = await fillClients(postgres.pool, size, quick ? 4000 : 28_000)
        await redis.redis.flushall()
        const gateway = await startGateway(folder, { redisUrl: redis.url, databaseUrl: postgres.url })
        try {
          const values = await measure(gateway, redis.redis, keys, quick ? 4000 : 24_000)
          studied.push({ ...sizeOf(size, 'clients'), values })
        } finally {
          await gateway.stop()
        }
      }
    } finally {
      await redis.stop()
      await postgres.stop()
    }
    return studied
  },
}

async function measure(
  { url, pid }: { url: string; pid: number },
  redis: Redis,
  keys: string[],
  calls: number,
): Promise<Studied['values']> {
  const ask = askerOf(url)
  const started = residentBytes(pid)
  // One call at a time, two for each key: the first looks the key up, the second finds it in memory. The warm-up uses other keys.
  const [unseen, rest] = [keys.slice(0, lonely), keys.slice(lonely)]
  const warm = rest.length > 0 ? rest.slice(0, known) : keys
  await closed(known * 2, index => ask(pick(warm, index)))
  const first: number[] = []
  const second: number[] = []
  for (const key of unseen) first.push(await timed(() => ask(key)))
  for (const key of unseen) second.push(await timed(() => ask(key)))
  const [, knownCpu] = await cpuOf(pid, () => closed(calls / 6, index => ask(pick(warm, index))))
  const unasked = rest.slice(known, known + unknownKeys)
  const [, lookUpCpu] = await cpuOf(pid, () => closed(unasked.length, index => ask(pick(unasked, index))))
  const random = rest.length > known + unknownKeys ? rest.slice(known + unknownKeys) : keys
  const scripts = await scriptsOf(redis)
  const [, randomCpu] = await cpuOf(pid, () => closed(calls, index => ask(pick(random, index))))
  const after = await scriptsOf(redis)
  const rss = residentBytes(pid) ?? Number.NaN
  // The same clients again: memory that levels off does not grow by their calls.
  await closed(2 * calls, index => ask(pick(random, index)))
  return {
    started: started && started / 2 ** 20,
    rss: rss / 2 ** 20,
    later: (residentBytes(pid) ?? Number.NaN) / 2 ** 20,
    knownCpu: knownCpu && (knownCpu * 1000) / (calls / 6),
    lookUpCpu: lookUpCpu && unasked.length > 0 ? (lookUpCpu * 1000) / unasked.length : undefined,
    randomCpu: randomCpu && (randomCpu * 1000) / calls,
    script: (after.micros - scripts.micros) / calls,
    knownMs: percentile(second, 0.5),
    lookUpMs: rest.length > 0 ? percentile(first, 0.5) - percentile(second, 0.5) : undefined,
  }
}

function pick(keys: readonly string[], index: number): string {
  return keys[index % keys.length] ?? ''
}

function askerOf(url: string) {
  const pool = new Pool(url, { connections: callers })
  const { body, numberAt } = bodyOf('claude-haiku-4-5', { bytes: 1000 })
  let sent = 0
  return async (key: string): Promise<void> => {
    const own = Buffer.from(body)
    sent += 1
    own.write(String(sent).padStart(12, '0'), numberAt, 'latin1')
    const headers = {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'x-api-key': key,
    }
    const response = await pool.request({ path: '/v1/messages', method: 'POST', headers, body: own })
    const text = await response.body.text()
    if (response.statusCode !== 200)
      throw new Error(`the gateway responded with ${response.statusCode}: ${text}`)
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

async function closed(times: number, work: (index: number) => Promise<void>): Promise<void> {
  let started = 0
  const caller = async () => {
    while (started < times) await work(started++)
  }
  await Promise.all(Array.from({ length: callers }, caller))
}
