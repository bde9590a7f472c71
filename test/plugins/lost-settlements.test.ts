/** A Redis that comes back without its last settlements, as after the loss of its host, gets them again. */

import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readEpoch } from '../../src/ledger/progress.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { message, startGateway } from '../gateway.ts'
import { type OwnRedis, ownRedis } from '../servers.ts'
import { testCluster } from '../topologies.ts'
import { until } from '../until.ts'

interface Topology {
  url: string
  nodes: OwnRedis[]
}

async function singleServer(t: TestContext): Promise<Topology> {
  const server = await ownRedis(t)
  return { url: server.url, nodes: [server] }
}

/** The server with the counters, and the folder of its append-only file. */
async function counterServer(nodes: OwnRedis[]): Promise<{ server: OwnRedis; folder: string }> {
  for (const server of nodes) {
    const redis = connectRedis(server.url)
    const [keys, [, folder = '']] = await Promise.all([
      redis.keys('{tollgate}:*'),
      redis.config('GET', 'dir') as Promise<string[]>,
    ])
    redis.disconnect()
    if (keys.length > 0) return { server, folder }
  }
  throw new Error('no server has counters')
}

for (const [what, start] of [
  ['a server', singleServer],
  ['a node of a cluster', testCluster],
] as const) {
  test(`${what} that comes back without its last settlement gets it again`, async t => {
    const { url, nodes } = await start(t)
    const { app, client, post, provider, state } = await startGateway(t, { redisUrl: url })
    const key = await client({ name: 'frontend', budget: { day: 5 } })
    app.settlements.forget(undefined, await readEpoch(app.redis))
    const call = post('/v1/messages', key, message('[[scenario: hold, usage 1000 in 500 out]]'))
    await provider.waitForCall()
    const { server, folder } = await counterServer(nodes)
    const present = join(folder, 'appendonlydir')
    const before = join(folder, 'before')
    await cp(present, before, { recursive: true })
    provider.release()
    await (await call).text()
    await until(async () => (await state('frontend')).day?.spentUsd === 0.0035)

    await server.kill9()
    await rm(present, { recursive: true })
    await cp(before, present, { recursive: true })
    await server.restart()

    const { day } = await until(async () => {
      const found = await state('frontend')
      return found?.concurrency?.running === 0 && found
    })
    assert.deepEqual([day?.spentUsd, day?.heldUsd], [0.0035, 0])
  })
}
