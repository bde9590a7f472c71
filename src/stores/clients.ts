/**
 * The clients and keys in use, as the hot path reads them: known ones without I/O, others by one look-up. Postgres is the
 * truth; a replica carries what it has read forward from version to version, and never beyond what it has applied.
 */

import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
import { refusal, retryAfter } from '../errors.ts'
import { type Changes, liftVersion, readChanges } from './changes.ts'
import { type Client, compileClient, compileLevel, type Known, type Team } from './client.ts'
import { type KnownRow, readGateway, readKnown, readSecret, readTeams, type TeamRow } from './client-rows.ts'

export type { Client, Key, Known, Team } from './client.ts'

export interface Clients {
  /** Configuration version that this replica has applied; 0 until it has first loaded. */
  readonly version: number
  /** For the checksums of keys. Throws a refusal until it is loaded. */
  readonly secret: Buffer
  /** What this key stands for, if it is in memory. */
  find(keyId: string): Known | undefined
  /** The same from the database, once for all who ask at the same time. Rejects with a refusal while Postgres is away. */
  load(keyId: string): Promise<Known | undefined>
  /** Applies what changed, up to this version at least. Rejects with a refusal while Postgres is away. */
  refresh(version: number): Promise<void>
  /** Applies what changed, however new. Rejects with Postgres's own error. */
  poll(): Promise<void>
}

export interface ClientsOptions {
  log: FastifyBaseLogger
  /** Keys in memory, the most recently used ones. */
  capacity?: number
}

/** Only who has the checksum's secret can make up ids that get as far as this. */
const UNKNOWN = { max: 10_000, ttl: 5000 }

export function createClients(pool: Pool, { log, capacity = 50_000 }: ClientsOptions): Clients {
  const known = new LRUCache<string, Known>({ max: capacity })
  const unknown = new LRUCache<string, true>(UNKNOWN)
  const loading = new Map<string, Promise<Known | undefined>>()
  let catchingUp: Promise<void> | undefined
  let version = 0
  let secret: Buffer | undefined
  let gateway: Client['gateway'] = { limits: {}, budget: {} }

  /** A look-up that began before a change and ended after it may have read what is not true any more. */
  async function lookUp(keyId: string): Promise<Known | undefined> {
    for (;;) {
      if (version === 0) throw new Error('the configuration is not loaded yet')
      const read = await readKnown(pool, [keyId])
      if (read.version < version) continue
      const [row] = read.rows
      if (row) known.set(keyId, compile(row))
      else unknown.set(keyId, true)
      return known.get(keyId)
    }
  }

  /** Single-flighted: whoever comes while it runs waits for it, and asks again if it was not enough. */
  function catchUp(atLeast: number): Promise<void> {
    catchingUp ??= applyChanges(atLeast).finally(() => {
      catchingUp = undefined
    })
    return catchingUp
  }

  async function applyChanges(atLeast: number): Promise<void> {
    const read = await readChanges(pool, version)
    // Someone has seen a newer version than there is: the database was restored from a backup.
    const wasSetBack = read.version < Math.max(atLeast, version)
    if (wasSetBack) return reload(await liftVersion(pool, Math.max(atLeast, version)))
    if (read.version === version) return
    // Too far behind, or a kind of change that only newer replicas know.
    const isWhole = read.changes.length === read.version - version && read.changes.every(isFamiliar)
    return isWhole ? carryForward(read) : reload(read.version)
  }

  async function reload(to: number): Promise<void> {
    secret ??= await readSecret(pool, 'key-checksum')
    gateway = compileLevel(await readGateway(pool))
    known.clear()
    unknown.clear()
    version = to
  }

  /** What changed and is in memory is read again at once: it must stay known should Postgres go away. */
  async function carryForward({ version: to, changes }: Changes): Promise<void> {
    const changed = (kind: string) =>
      new Set(changes.flatMap(change => (change.kind === kind ? [change.id] : [])))
    const [keys, clients, teams] = [changed('key'), changed('client'), changed('team')]
    const isChanged = (keyId: string, { client }: Known) => keys.has(keyId) || clients.has(client.id)
    const affected = [...known.entries()].flatMap(([id, entry]) => (isChanged(id, entry) ? [id] : []))
    const [rows, teamRows, gatewaySettings] = await Promise.all([
      affected.length > 0 ? readKnown(pool, affected).then(read => read.rows) : [],
      readTeams(pool, [...teams]),
      changed('gateway').size > 0 ? readGateway(pool) : undefined,
    ])
    // From here on without a pause: a look-up that ends now finds the version it must not be older than.
    const before = gateway
    if (gatewaySettings) gateway = compileLevel(gatewaySettings)
    const fresh = new Map(rows.map(row => [row.id, row]))
    const freshTeams = new Map(teamRows.map(row => [row.id, compileTeam(row)]))
    for (const [id, entry] of [...known.entries()]) {
      if (isChanged(id, entry)) replace(id, fresh.get(id))
      else if (gateway !== before || freshTeams.has(entry.client.team?.id ?? ''))
        known.set(id, { ...entry, client: refit(entry.client, freshTeams) })
    }
    for (const id of keys) unknown.delete(id)
    version = to
  }

  function replace(keyId: string, row: KnownRow | undefined) {
    known.delete(keyId)
    if (!row) return
    try {
      known.set(keyId, compile(row))
    } catch (error) {
      log.error({ err: error, clientId: row.client_id }, 'the settings of a client cannot be read')
    }
  }

  function refit(client: Client, freshTeams: Map<string, Team>): Client {
    return { ...client, gateway, team: client.team && (freshTeams.get(client.team.id) ?? client.team) }
  }

  function compile(row: KnownRow): Known {
    const team = row.team && compileTeam(row.team)
    return {
      client: compileClient(
        { id: row.client_id, name: row.name, settings: row.settings },
        team || undefined,
        gateway,
      ),
      key: {
        id: row.id,
        clientId: row.client_id,
        sha256: row.sha256,
        expiresAt: row.expires_at?.getTime(),
        revokedAt: row.revoked_at?.getTime(),
      },
    }
  }

  return {
    get version() {
      return version
    },
    get secret() {
      if (!secret) throw away(new Error('the configuration is not loaded yet'))
      return secret
    },
    find: keyId => known.get(keyId),
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

function compileTeam({ id, name, settings }: TeamRow): Team {
  return { id, name, ...compileLevel(settings) }
}

function isFamiliar({ kind }: { kind: string }): boolean {
  return kind === 'client' || kind === 'key' || kind === 'team' || kind === 'gateway'
}

function away(error: unknown) {
  return refusal('unavailable', 'The gateway cannot look up this key right now; try again shortly.', {
    headers: retryAfter(1000),
    reason: error instanceof Error ? error.message : String(error),
  })
}
