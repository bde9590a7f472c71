/** Checks that a Redis can hold the counters of budgets. Runs whenever a connection is ready. */

import type { Cluster, Redis } from 'ioredis'
import { isRedisAway } from '../redis/away.ts'
import { OLDEST_REDIS, StoreFault } from './store-faults.ts'

/** An evicted counter would read as unspent. */
export class EvictionFault extends StoreFault {}

/** Writes a key that expires at once: a test of scripts and write access. */
const PROBE = `redis.call('SET', KEYS[1], '1', 'PX', '1') return 1`

/** Throws a StoreFault, or the error of the server. A server that is away is not a fault. */
export async function checkRedis(redis: Redis | Cluster): Promise<void> {
  const nodes = 'nodes' in redis ? redis.nodes('master') : [redis]
  await Promise.all(nodes.map(checkNode))
  await unlessAway(redis.call('EVAL', PROBE, 1, '{tollgate}:probe'))
}

async function checkNode(node: Redis): Promise<void> {
  const text = (await unlessAway(node.info())) ?? ''
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1]
  const version = field('redis_version')
  if (version !== undefined && Number.parseInt(version, 10) < OLDEST_REDIS) {
    throw new StoreFault({
      found: `Redis ${version}`,
      expected: `Redis ${OLDEST_REDIS} or newer, or Valkey`,
      fix: 'Upgrade it, or use another one.',
    })
  }
  if (field('role') === 'slave') {
    throw new StoreFault({
      found: `a replica of ${field('master_host')}:${field('master_port')}, which is read-only`,
      expected: 'the primary',
      fix: 'Name the primary, or its sentinels with redis-sentinel://.',
    })
  }
  const policy = field('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction') {
    throw new EvictionFault({
      found: `a Redis with maxmemory-policy ${policy}`,
      expected: 'noeviction: an evicted counter would read as unspent',
      fix: 'Set its maxmemory-policy to noeviction, or use another Redis.',
    })
  }
}

async function unlessAway<Reply>(reply: Promise<Reply>): Promise<Reply | undefined> {
  return reply.catch(error => {
    if (isRedisAway(error)) return undefined
    throw error
  })
}
