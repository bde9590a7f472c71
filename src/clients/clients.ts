/**
 * The clients and keys for the hot path: loaded ones without I/O, others by one look-up. Postgres is the source of truth. A
 * replica applies its changes version by version.
 */

import type { FastifyBaseLogger } from 'fastify'
import type { Pool } from 'pg'
import { lru } from '../lru.ts'
import { unavailable } from '../outages.ts'
import { type Changes, type Kind, liftVersion, readChanges } from './changes.ts'
import { type Client, compileClient, compileScope, type Key, type Known, type Team } from './client.ts'
import {
  type ClientRow,
  type KnownRow,
  readClients,
  readGateway,
  readKnown,
  readSecret,
  readTeams,
  type TeamRow,
} from './client-rows.ts'
import { together } from './together.ts'

export type { Client, Key, Known, Team } from './client.ts'

export interface Clients {
  /** Configuration version that this replica has applied; 0 until it has first loaded. */
  readonly version: number
  /** The limits and the budget of the gateway, at the version of this replica. */
  readonly gateway: Client['gateway']
  /** For the checksums of keys. Throws a refusal until it is loaded. */
  readonly secret: Buffer
  /** The key and its client, if they are in memory. */
  find(keyId: string): Known | undefined
  /** Reads them from Postgres; concurrent calls share one query. Rejects with a refusal while Postgres is away. */
  load(keyId: string): Promise<Known | undefined>
  /** Applies what changed, up to this version at least. Rejects with a refusal while Postgres is away. */
  refresh(version: number): Promise<void>
  /** Applies what changed, however new. Rejects with Postgres's own error. */
  poll(): Promise<void>
}

export interface ClientsOptions {
  log: FastifyBaseLogger
  /** Keys in memory, the most recently used ones; each with its client takes some 2 KB. */
  capacity?: number
}

/** Only keys with a right checksum get here. */
const UNKNOWN = { most: 10_000, ttl: 5000 }

export function createClients(pool: Pool, { log, capacity = 25_000 }: ClientsOptions): Clients {
  const keys = lru<Key>(capacity)
  const clients = lru<Client>(capacity)
  const unknown = lru<true>(UNKNOWN.most, UNKNOWN.ttl)
  const loading = new Map<string, Promise<Known | undefined>>()
  const readSoon = together((ids: string[]) => readKnown(pool, ids))
  let catchingUp: Promise<void> | undefined
  let version = 0
  let secret: Buffer | undefined
  let gateway: Client['gateway'] = { limits: {}, budget: {} }

  function find(keyId: string): Known | undefined {
    const key = keys.get(keyId)
    const client = key && clients.get(key.clientId)
    return client && { key, client }
  }

  /** A look-up that began before a change and ended after it may have read stale rows. */
  async function lookUp(keyId: string): Promise<Known | undefined> {
    for (;;) {
      if (version === 0) throw new Error('the configuration is not loaded yet')
      const read = await readSoon(keyId)
      if (read.version < version) continue
      const row = read.known.get(keyId)
      if (!row) {
        unknown.set(keyId, true)
        return undefined
      }
      const known = { key: keyOf(row), client: compile(row) }
      keys.set(keyId, known.key)
      clients.set(known.client.id, known.client)
      return known
    }
  }

  /** One refresh runs at a time. A caller that comes meanwhile waits for it, and asks again if its version was too old. */
  function catchUp(atLeast: number): Promise<void> {
    catchingUp ??= applyChanges(atLeast).finally(() => {
      catchingUp = undefined
    })
    return catchingUp
  }

  async function applyChanges(atLeast: number): Promise<void> {
    const read = await readChanges(pool, version)
    // A replica has seen a newer version than Postgres has: the database was restored from a backup.
    const wasSetBack = read.version < Math.max(atLeast, version)
    if (wasSetBack) return reload(await liftVersion(pool, Math.max(atLeast, version)))
    if (read.version === version) return
    // Too far behind, or a kind of change that only newer replicas know.
    const isWhole = read.changes.length === read.version - version && read.changes.every(isFamiliar)
    return isWhole ? carryForward(read) : reload(read.version)
  }

  async function reload(to: number): Promise<void> {
    secret ??= await readSecret(pool, 'key-checksum')
    gateway = compileScope(await readGateway(pool))
    keys.clear()
    clients.clear()
    unknown.clear()
    version = to
  }

  /** Changed entries in memory are read again at once, because they must stay known if Postgres goes away. */
  async function carryForward({ version: to, changes }: Changes): Promise<void> {
    const changed = (kind: string) =>
      new Set(changes.flatMap(change => (change.kind === kind ? [change.id] : [])))
    const [changedKeys, changedClients, changedTeams] = [changed('key'), changed('client'), changed('team')]
    const knownKeys = [...changedKeys].filter(id => keys.has(id))
    const [keyRows, clientRows, teamRows, settings] = await Promise.all([
      knownKeys.length > 0 ? readKnown(pool, knownKeys) : undefined,
      readClients(
        pool,
        [...changedClients].filter(id => clients.has(id)),
      ),
      readTeams(pool, [...changedTeams]),
      changed('gateway').size > 0 ? readGateway(pool) : undefined,
    ])
    // From here on without a pause: a look-up that ends later finds the version that it must not be older than.
    if (settings) gateway = compileScope(settings)
    // A look-up during the refresh may be older than the change.
    for (const id of changedKeys) keys.delete(id)
    for (const id of changedClients) clients.delete(id)
    for (const id of changedKeys) unknown.delete(id)
    for (const row of keyRows?.known.values() ?? []) keys.set(row.id, keyOf(row))
    for (const row of clientRows) keep(row)
    if (settings || changedTeams.size > 0) refit(new Map(teamRows.map(row => [row.id, compileTeam(row)])))
    version = to
  }

  /** A client whose settings cannot be read does not affect the others. */
  function keep(row: ClientRow) {
    try {
      clients.set(row.client_id, compile(row))
    } catch (error) {
      log.error({ err: error, clientId: row.client_id }, 'the settings of a client cannot be read')
    }
  }

  /** Clients are replaced, never changed, so a value derived from one stays valid for it. */
  function refit(teams: Map<string, Team>) {
    for (const [id, client] of [...clients.entries()]) {
      const team = client.team && (teams.get(client.team.id) ?? client.team)
      if (team !== client.team || gateway !== client.gateway) clients.set(id, { ...client, team, gateway })
    }
  }

  function compile({ client_id, name, settings, deleted_at, team }: ClientRow): Client {
    const stored = { id: client_id, name, settings, isDeleted: deleted_at !== null }
    return compileClient(stored, team ? compileTeam(team) : undefined, gateway)
  }

  return {
    get version() {
      return version
    },
    get gateway() {
      return gateway
    },
    get secret() {
      if (!secret) throw away(new Error('the configuration is not loaded yet'))
      return secret
    },
    find,
    async load(keyId) {
      if (unknown.has(keyId)) return undefined
      let look = loading.get(keyId)
      if (!look) {
        look = lookUp(keyId).finally(() => loading.delete(keyId))
        loading.set(keyId, look)
      }
      return look.catch(error => {
        throw away(error)
      })
    },
    async refresh(atLeast) {
      try {
        while (version < atLeast) await catchUp(atLeast)
      } catch (error) {
        throw away(error)
      }
    },
    poll: () => catchUp(0),
  }
}

function keyOf({ id, client_id, sha256, expires_at, revoked_at }: KnownRow): Key {
  return {
    id,
    clientId: client_id,
    sha256,
    expiresAt: expires_at?.getTime(),
    revokedAt: revoked_at?.getTime(),
  }
}

function compileTeam({ id, name, settings }: TeamRow): Team {
  return { id, name, ...compileScope(settings) }
}

/** Administrators' tokens are not in this cache, so a change of one reloads nothing. */
const FAMILIAR = new Set<string>(['client', 'key', 'team', 'gateway', 'token'] satisfies Kind[])

function isFamiliar({ kind }: { kind: string }): boolean {
  return FAMILIAR.has(kind)
}

function away(error: unknown) {
  const reason = error instanceof Error ? error.message : String(error)
  return unavailable(
    'key_lookup',
    'The gateway cannot look up this key right now; try again shortly.',
    reason,
  )
}
