/** The spend of budgets by slot, in Redis, so that every replica computes the same pace, also right after its start. */

import type { Cluster, Redis } from 'ioredis'
import { lru } from '../lru.ts'
import { PREFIX } from '../lua/scripts.ts'
import { ifFull } from '../redis/away.ts'
import { type Budget, spendingOf } from './budget-rules.ts'
import { type Bases, basesOf, oldestSlot, slotAt } from './pace.ts'

/** Budgets whose bases this replica remembers: they stay the same for a slot. */
const REMEMBERED = 50_000

/** One hash a scope and window: slot -> nanos spent when it began. 36 fields at most; it ends with its window. */
function keyOf({ key, window }: Budget): string {
  return `${PREFIX}pace:${key}:${window.name}`
}

export function createSamples(redis: Redis | Cluster) {
  const remembered = lru<Bases>(REMEMBERED)

  /** The first look in a slot adds its sample, whichever replica it is. */
  async function read(key: string, budget: Budget, slot: number): Promise<Bases> {
    const [hash] = await Promise.all([
      redis
        .hsetnx(key, String(slot), budget.spentNanos)
        .catch(ifFull)
        .then(() => redis.hgetall(key)),
      redis.pexpireat(key, budget.window.endsAt),
    ])
    const samples = new Map(Object.entries(hash).map(([at, spent]) => [Number(at), Number(spent)]))
    const stale = [...samples.keys()].filter(at => at < oldestSlot(slot))
    if (stale.length > 0) await redis.hdel(key, ...stale.map(String))
    return basesOf(samples, slot, budget.spentNanos)
  }

  return {
    /** The samples from which the pace of a budget is computed. */
    async basesAt(now: number, budget: Budget): Promise<Bases> {
      const key = keyOf(budget)
      const slot = slotAt(now, spendingOf(budget))
      const known = remembered.get(key)
      if (known?.slot === slot) return known
      const bases = await read(key, budget, slot)
      remembered.set(key, bases)
      return bases
    },
  }
}
