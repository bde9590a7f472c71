/** A Redis Cluster, and a Redis watched by Sentinels, made of real processes that end with the test. */

import { Redis } from 'ioredis'
import { freePort, type OwnRedis, ownRedis } from './servers.ts'
import { until } from './until.ts'

const slots = 16_384

type Context = Parameters<typeof ownRedis>[0]

export interface TestCluster {
  /** A REDIS_URL with every node. */
  url: string
  nodes: OwnRedis[]
}

/** A cluster of three primaries. */
export async function testCluster(t: Context): Promise<TestCluster> {
  const ports = await Promise.all([freePort(), freePort(), freePort()])
  const buses = await Promise.all([freePort(), freePort(), freePort()])
  const nodes = await Promise.all(ports.map((port, index) => clusterNode(t, port, buses[index])))
  const share = Math.ceil(slots / ports.length)
  for (const [index, port] of ports.entries()) {
    const last = Math.min((index + 1) * share, slots) - 1
    await runOn(port, async redis => {
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', index * share, last)
      await redis.call('CLUSTER', 'MEET', '127.0.0.1', String(ports[0]), String(buses[0]))
    })
  }
  for (const port of ports) {
    await runOn(port, redis => until(async () => /cluster_state:ok/.test(await redis.cluster('INFO'))))
  }
  return { url: `redis://${ports.map(port => `127.0.0.1:${port}`).join(',')}`, nodes }
}

function clusterNode(t: Context, port: number, bus: number | undefined): Promise<OwnRedis> {
  const options = { 'cluster-enabled': 'yes', 'cluster-port': String(bus), 'cluster-node-timeout': '1000' }
  return ownRedis(t, { port, args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]) })
}

export interface TestSentinel {
  /** A REDIS_URL: `redis-sentinel://…/main`. */
  url: string
  primary: OwnRedis
  replica: OwnRedis
  sentinel: OwnRedis
}

/** One primary, one replica, and one Sentinel that decides alone after half a second. */
export async function testSentinel(t: Context): Promise<TestSentinel> {
  const [port, replicaPort, sentinelPort] = await Promise.all([freePort(), freePort(), freePort()])
  // By default it waits five seconds for more replicas to serve at once.
  const primary = await ownRedis(t, { port, args: ['--repl-diskless-sync-delay', '0'] })
  const replica = await ownRedis(t, { port: replicaPort, args: ['--replicaof', '127.0.0.1', String(port)] })
  await runOn(replicaPort, redis =>
    until(async () => /master_link_status:up/.test(await redis.info('replication'))),
  )
  const sentinel = await ownRedis(t, {
    port: sentinelPort,
    args: ['--sentinel'],
    config: [
      `sentinel monitor main 127.0.0.1 ${port} 1`,
      'sentinel down-after-milliseconds main 500',
      'sentinel failover-timeout main 2000',
    ],
  })
  // It finds the replica only after a request to the primary.
  await runOn(sentinelPort, redis =>
    until(async () =>
      JSON.stringify(await redis.call('SENTINEL', 'REPLICAS', 'main')).includes(String(replicaPort)),
    ),
  )
  return { url: `redis-sentinel://127.0.0.1:${sentinelPort}/main`, primary, replica, sentinel }
}

async function runOn<Result>(port: number, query: (redis: Redis) => Promise<Result>): Promise<Result> {
  const redis = new Redis(port)
  try {
    return await query(redis)
  } finally {
    redis.disconnect()
  }
}
