/**
 * The versions of the configuration and their changes. A change is one transaction of its rows, the next version, its line
 * in `changes` and its audit event. Transactions commit in the order of their versions.
 */

import type { Pool, PoolClient } from 'pg'
import { query } from '../sql/query.ts'
import { type AuditEvent, type Author, writeAuditEvent } from './audit.ts'

export type Kind = 'client' | 'key' | 'team' | 'gateway' | 'token'

export interface Changes {
  /** The newest there is. */
  version: number
  /** Changes after a version, oldest first; fewer than versions if the log does not reach back so far. */
  changes: { kind: string; id: string }[]
}

/** A replica that is behind by more changes loads everything again. */
const READ_AT_MOST = 1000
/** Kept for replicas that were cut off for a while. */
const KEPT = 10_000

/** The result of a transaction. */
export interface Changed<Record> {
  kind: Kind
  id: string
  record: Record
  /** For the audit. */
  auditEvent: AuditEvent
}

/** Time limit, because a change of a disconnected replica blocks all other changes. */
const BEGIN = `begin; set local idle_in_transaction_session_timeout = '10s'; set local lock_timeout = '5s'`

/** The work within the transaction. */
export type Work<Result> = (db: PoolClient) => Promise<Result>

/** Makes one change as one transaction and one new version. `undefined` from `work`: there was nothing to change. */
export async function change<Record>(
  pool: Pool,
  author: Author,
  work: Work<Changed<Record> | undefined>,
): Promise<(Changed<Record> & { version: number }) | undefined> {
  const db = await pool.connect()
  try {
    await db.query(BEGIN)
    const changed = await work(db)
    // These steps come last, because all other changes wait from here to the end of the transaction.
    const version = changed ? await raiseVersion(db, changed) : 0
    if (changed) await writeAuditEvent(db, author, changed.auditEvent)
    await db.query('commit')
    db.release()
    return changed && { ...changed, version }
  } catch (error) {
    await db.query('rollback').then(
      () => db.release(),
      broken => db.release(broken),
    )
    throw error
  }
}

async function raiseVersion(db: PoolClient, { kind, id }: Changed<unknown>): Promise<number> {
  const { rows } = await db.query<{ version: string }>(
    `with raised as (update configuration set version = version + 1 returning version),
          forgotten as (delete from changes where version <= (select version from configuration) - $3)
     insert into changes (version, kind, id) select version, $1, $2 from raised returning version`,
    [kind, id, KEPT],
  )
  return Number(rows[0]!.version)
}

export async function readChanges(pool: Pool, since: number): Promise<Changes> {
  const [row] = await query<{ version: string; changes: Changes['changes'] }>(
    pool,
    `select version, (
        select coalesce(json_agg(json_build_object('kind', kind, 'id', id) order by version), '[]')
        from (select * from changes where version > $1 order by version limit $2) as newer
      ) as changes
     from configuration`,
    [since, READ_AT_MOST],
  )
  return { version: Number(row!.version), changes: row!.changes }
}

/** Lifts the version above one that was seen before the database was set back to an earlier state. Returns the newest. */
export async function liftVersion(pool: Pool, above: number): Promise<number> {
  const [row] = await query<{ version: string }>(
    pool,
    'update configuration set version = greatest(version, $1::bigint + 1) returning version',
    [above],
  )
  return Number(row!.version)
}
