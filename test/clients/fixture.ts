/** A database with the schema, and changes as the administration makes them. */

import type { TestContext } from 'node:test'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { type Changed, change, type Work } from '../../src/clients/changes.ts'
import { createClient, deleteClient, reviseClient } from '../../src/clients/client-records.ts'
import { readSecret } from '../../src/clients/client-rows.ts'
import { type Clients, createClients } from '../../src/clients/clients.ts'
import { createKey, revokeKey } from '../../src/clients/key-records.ts'
import type { ClientSettings, ScopeSettings } from '../../src/clients/settings.ts'
import { putGateway, putTeam } from '../../src/clients/team-records.ts'
import { openPool, testDatabase } from '../servers.ts'

export const TESTER = { who: 'tester', requestId: 'req_tester' }

export interface Fixture {
  url: string
  pool: Pool
  /** A client and the id of a key of it. */
  client(settings: ClientSettings): Promise<string>
  key(client: string): Promise<string>
  /** Each makes a change and returns its version. */
  revise(client: string, settings: Partial<ClientSettings>): Promise<number>
  remove(client: string): Promise<number>
  revoke(key: string): Promise<number>
  team(name: string, settings: ScopeSettings): Promise<number>
  gateway(settings: ScopeSettings): Promise<number>
  /** A replica's store that has loaded, over a connection of its own. It waits for a cut connection to `url` for a second. */
  store(options?: { url?: string; capacity?: number }): Promise<Clients>
}

export async function fixture(t: TestContext): Promise<Fixture> {
  const { url } = await testDatabase(t)
  const pool = openPool(t, url)
  const secret = await readSecret(pool, 'key-checksum')
  const version = async (work: Work<Changed<unknown> | undefined>) =>
    (await change(pool, TESTER, work))?.version ?? 0
  const key = async (client: string) =>
    (await change(pool, TESTER, db => createKey(db, secret, client, undefined, Date.now())))?.id ?? ''
  return {
    url,
    pool,
    key,
    async client(settings) {
      await change(pool, TESTER, db => createClient(db, settings, { createTeam: true }))
      return key(settings.name)
    },
    revise: (client, settings) =>
      version(db => reviseClient(db, client, before => ({ ...before, ...settings }), { createTeam: true })),
    remove: client => version(db => deleteClient(db, client)),
    revoke: id => version(db => revokeKey(db, id, Date.now())),
    team: (name, settings) => version(db => putTeam(db, name, settings)),
    gateway: settings => version(db => putGateway(db, settings)),
    async store({ url: link, capacity = 1000 } = {}) {
      const connection = link ? openPool(t, link, { connectionTimeoutMillis: 1000 }) : openPool(t, url)
      const clients = createClients(connection, { log: pino({ level: 'silent' }), capacity })
      await clients.poll()
      return clients
    },
  }
}
