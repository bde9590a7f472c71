/** The calls/s of one core of Redis: by the time of its scripts, and by all the CPU of Redis. */

import type { Redis } from 'ioredis'
import { acknowledge, createGroup, readGroup } from '../../src/ledger/stream.ts'
import { createMoneyScripts, type MoneyScripts } from '../../src/lua/index.ts'
import { createLedgerScripts } from '../../src/lua/ledger.ts'
import type { Settlement } from '../../src/lua/types.ts'
import { callOf, settlementOf } from '../reservations.ts'
import { infoOf, openRedis, scriptsOf } from '../stores.ts'
import type { Studied, Study } from '../study.ts'

const clients = 1000
const inFlight = 64
const drained = 500
/** A gateway with little load settles calls one by one, a busy one in batches. */
const ways = [
  { name: 'single', title: 'settled one by one', batch: 1, loop: false },
  { name: 'batched', title: 'settled in batches of 16', batch: 16, loop: false },
  { name: 'loop', title: 'batches of 16, loop brake on', batch: 16, loop: true },
]

export const row: Study = {
  name: 'admissions',
  title: 'Calls on one Redis core; client, team and gateway with every limit and budget',
  figures: [
    { key: 'admit', title: 'admit script', unit: 'us', digits: 1 },
    { key: 'settle', title: 'settle script, per call', unit: 'us', digits: 1 },
    { key: 'perCore', title: 'calls/s per core, by both scripts', unit: '/s', digits: 0 },
    { key: 'admitCpu', title: 'admit, all of Redis CPU', unit: 'us', digits: 1 },
    { key: 'settleCpu', title: 'settle, all of Redis CPU', unit: 'us', digits: 1 },
    {
      key: 'drainCpu',
      title: 'entry read by the drain and deleted, all of Redis CPU',
      unit: 'us',
      digits: 1,
    },
    { key: 'callCpu', title: 'a whole call: admit, settle, drain, all of Redis CPU', unit: 'us', digits: 1 },
    { key: 'perCoreCpu', title: 'calls/s per core, by all of Redis CPU', unit: '/s', digits: 0 },
  ],
  async study(folder, quick) {
    const { redis, stop } = await openRedis(folder, { isMeasured: true })
    try {
      const money = createMoneyScripts(redis)
      await redis.set('{tollgate}:epoch', '1')
      await createGroup(redis)
      const [rounds, calls] = quick ? [2, 2000] : [5, 10_000]
      const studied: Studied[] = []
      for (const way of ways) {
        const values: Record<string, number[]> = {}
        // The first round is a warm-up: it loads the scripts and creates the clients' counters.
        for (let round = 0; round <= rounds; round += 1) {
          const figures = await measure(redis, money, { ...way, calls })
          if (round === 0) continue
          for (const [key, value] of Object.entries(figures)) values[key] = [...(values[key] ?? []), value]
        }
        studied.push({ ...way, values })
      }
      return studied
    } finally {
      await stop()
    }
  },
}

let next = 0

async function measure(
  redis: Redis,
  money: MoneyScripts,
  { calls, batch, loop }: { calls: number; batch: number; loop: boolean },
) {
  const settlements: Settlement[] = []
  const admit = await costOf(redis, calls, () =>
    together(calls, async () => {
      const call = callOf(next++, clients, loop)
      const admitted = await money.admit(call.id, call.reservation, { version: 1, maxPending: 1_000_000 })
      if (admitted.kind !== 'granted') throw new Error(`an admission was ${JSON.stringify(admitted)}`)
      settlements.push(settlementOf(call, admitted.at))
    }),
  )
  const batches = Array.from({ length: Math.ceil(calls / batch) }, (_, i) =>
    settlements.slice(i * batch, (i + 1) * batch),
  )
  const settle = await costOf(redis, calls, () =>
    together(batches.length, async index => void (await money.settle(batches[index] ?? []))),
  )
  const drain = await costOf(redis, calls, () => drainAll(redis))
  const callCpu = admit.cpu + settle.cpu + drain.cpu
  return {
    admit: admit.script,
    settle: settle.script,
    perCore: 1e6 / (admit.script + settle.script),
    admitCpu: admit.cpu,
    settleCpu: settle.cpu,
    drainCpu: drain.cpu,
    callCpu,
    perCoreCpu: 1e6 / callCpu,
  }
}

/** Microseconds per call. */
async function costOf(redis: Redis, calls: number, work: () => Promise<void>) {
  const [scripts, cpu] = [await scriptsOf(redis), await cpuSeconds(redis)]
  await work()
  const [scriptsAfter, cpuAfter] = [await scriptsOf(redis), await cpuSeconds(redis)]
  return { script: (scriptsAfter.micros - scripts.micros) / calls, cpu: ((cpuAfter - cpu) * 1e6) / calls }
}

/** User and system time of all its threads, the one of the append-only file included. */
async function cpuSeconds(redis: Redis): Promise<number> {
  return (await infoOf(redis, 'cpu', 'used_cpu_user')) + (await infoOf(redis, 'cpu', 'used_cpu_sys'))
}

async function together(times: number, work: (index: number) => Promise<void>): Promise<void> {
  let started = 0
  const worker = async () => {
    while (started < times) await work(started++)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

/** The commands of the drain in Redis, without Postgres. */
async function drainAll(redis: Redis): Promise<void> {
  const scripts = createLedgerScripts(redis)
  for (;;) {
    const entries = await readGroup(redis, 'bench', '>', drained)
    if (entries.length === 0) return
    await scripts.forget(entries.map(({ fields: { id = '', seq = '0' } }) => ({ id, seq })))
    await acknowledge(redis, entries)
  }
}
