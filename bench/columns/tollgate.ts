/** The gateway: a real process with a real Redis and Postgres, and with every feature on. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { startRedis } from '../../src/embedded/redis.ts'
import type { Contender, Surroundings } from '../columns.ts'
import { startServer } from '../server.ts'

const root = join(import.meta.dirname, '../..')
const adminToken = 'bench-admin-token'

/** Limits so high that no call is refused. All of them are checked and counted, in three scopes. */
const limits = {
  requests: { capacity: 10_000_000, per: '1m' },
  tokens: { capacity: 10_000_000_000, per: '1m' },
  concurrency: 100_000,
}
const budget = { day: 1_000_000, month: 5_000_000 }
const client = {
  team: 'bench',
  models: ['claude-haiku-*', 'gpt-6-luna'],
  limits,
  budget,
  cache: { enabled: true, ttlSeconds: 3600 },
  loop: { identical: 10_000_000, per: '1m' },
}

const on = {
  keys: 'yes',
  limits: 'requests, tokens, concurrency; 3 scopes',
  budgets: 'day, month; 3 scopes',
  ledger: 'yes',
  log: 'yes',
}
const missed = { name: 'tollgate', title: 'Tollgate' }
const hit = { name: 'hit', title: 'Tollgate, cache hit' }

export const tollgate: Contender = {
  columns: [missed, hit],
  async start(surroundings) {
    const { gateway, stop } = await startTollgate(surroundings, 'tollgate')
    return {
      columns: [
        { ...gateway, ...missed, cached: false, proof: miss },
        { ...gateway, ...hit, cached: true, proof: /\r\nx-cache: HIT\r\n/ },
      ],
      stop,
    }
  },
}

export const miss = /\r\nx-cache: (MISS|BYPASS)\r\n/

/** A gateway with its own stores, in a folder of this name. */
export async function startTollgate(
  { providerUrl, call, folder, node, env }: Surroundings,
  name: string,
  more: Record<string, string> = {},
) {
  const own = join(folder, name)
  await mkdir(own, { mode: 0o711 }) // as root, Postgres runs as another user
  const stores = await startStores(own)
  const stopping = [stores.stop]
  const stop = async () => {
    for (const one of stopping.toReversed()) await one()
  }
  try {
    const server = await startServer({
      name,
      folder,
      ready: '/readyz',
      command: () => [...node, join(root, 'src/server.ts')],
      env: port => ({
        ...env,
        PORT: String(port),
        REDIS_URL: stores.redisUrl,
        DATABASE_URL: stores.databaseUrl,
        DATA_DIR: own,
        ADMIN_TOKEN: adminToken,
        EZAI_API_KEY: 'upstream-key',
        EZAI_BASE_URL: providerUrl,
        DRAIN_DELAY_SECONDS: '0',
        ...more,
      }),
    })
    stopping.push(server.stop)
    const key = await makeClient(server.url, `bench-${name}`)
    return {
      gateway: {
        ...call,
        url: server.url,
        process: server,
        headers: { ...call.headers, authorization: `Bearer ${key}` },
        role: 'gateway' as const,
        on,
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function makeClient(url: string, name: string): Promise<string> {
  await admin(url, 'PUT', '/admin/gateway', { limits, budget })
  await admin(url, 'PUT', '/admin/teams/bench', { limits, budget })
  await admin(url, 'POST', '/admin/clients', { ...client, name })
  const made = await admin(url, 'POST', `/admin/clients/${name}/keys`, {})
  if (typeof made === 'object' && made !== null && 'key' in made && typeof made.key === 'string')
    return made.key
  throw new Error(`found ${JSON.stringify(made)}, expected a key`)
}

async function admin(url: string, method: string, path: string, body: object): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** The stores that the environment names, otherwise embedded ones with the settings of a real gateway. */
async function startStores(folder: string) {
  const { REDIS_URL, DATABASE_URL } = process.env
  const log = { info: () => {}, error: (facts: object, message: string) => console.error(message, facts) }
  const [redis, postgres] = await Promise.all([
    REDIS_URL ? undefined : startRedis({ dataDir: folder, cache: join(root, '.tollgate/cache'), log }),
    DATABASE_URL ? undefined : startPostgres({ dataDir: folder, log }),
  ])
  return {
    redisUrl: redis?.url ?? REDIS_URL,
    databaseUrl: postgres?.url ?? DATABASE_URL,
    stop: async () => {
      await Promise.all([redis?.stop(), postgres?.stop()])
    },
  }
}
