/** What a budget had spent, slot by slot, kept in Redis: so that every replica sees the same pace, and a new one at once. */

import type { Cluster, Redis } from 'ioredis'
import { PREFIX } from '../lua/scripts.ts'
import { type Budget, spendingOf } from './budget-rules.ts'
import { addSample, type Samples } from './pace.ts'

/** One hash a scope and window: slot -> nanos spent by its end. About 40 fields at most; it ends with its window. */
function keyOf({ key, window }: Budget): string {
  return `${PREFIX}pace:${key}:${window.name}`
}

/** Adds what is seen now to what was seen before, and returns all of it. */
export async function sample(redis: Redis | Cluster, budget: Budget, now: number): Promise<Samples> {
  const key = keyOf(budget)
  const kept = Object.entries(await redis.hgetall(key))
  const before = new Map(kept.map(([slot, spent]) => [Number(slot), Number(spent)]))
  const samples = addSample(before, spendingOf(budget), now)
  const fresh = [...samples].filter(([slot, spent]) => before.get(slot) !== spent)
  const stale = [...before.keys()].filter(slot => !samples.has(slot))
  if (fresh.length > 0) {
    await Promise.all([
      redis.hset(key, ...fresh.flat()),
      redis.pexpireat(key, budget.window.endsAt),
      ...(stale.length > 0 ? [redis.hdel(key, ...stale.map(String))] : []),
    ])
  }
  return samples
}
