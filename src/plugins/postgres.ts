/** The connections to Postgres. If it is away at the start, the gateway waits for it. It migrates the schema first. */

import { setTimeout as wait } from 'node:timers/promises'
import fp from 'fastify-plugin'
import type { Pool } from 'pg'
import { openPool } from '../sql/pool.ts'
import { firstTry } from '../start/first-try.ts'
import { migrate } from '../start/migrate.ts'
import { postgresFault } from '../start/store-faults.ts'

declare module 'fastify' {
  interface FastifyInstance {
    pg: Pool
    /** Resolves once the schema exists. Never resolves if the gateway closes before, or after a fault that waiting does not fix. */
    migrated: Promise<void>
  }
}

const RETRY_EVERY = 500
const PATIENCE = 30_000

export default fp<{ url: string; variable?: string; connections?: number }>(
  async (app, { url, variable = 'DATABASE_URL', connections = 10 }) => {
    const first = firstTry(app)
    const pool = openPool(
      {
        connectionString: url,
        application_name: 'tollgate',
        max: connections,
        connectionTimeoutMillis: 2000,
        // A server that does not answer must not block a query for ever. Urgent queries have a shorter limit.
        query_timeout: PATIENCE,
        keepAlive: true,
      },
      error => app.log.debug({ err: error }, 'a connection to Postgres has ended'),
    )
    const closing = new AbortController()
    app.decorate('pg', pool)
    app.decorate('migrated', bringUp())
    app.addHook('onClose', async () => {
      closing.abort()
      await pool.end()
    })

    async function bringUp(): Promise<void> {
      for (let attempt = 0; !closing.signal.aborted; attempt++) {
        try {
          const applied = await migrate(url)
          app.log.info({ applied }, 'the database is up to date')
          return first.done()
        } catch (error) {
          const fault = postgresFault(error, { url, variable })
          if (fault !== undefined) {
            first.refuse(fault)
            break
          }
          first.done()
          if (attempt === 0) app.log.warn({ err: error }, 'Postgres is away; waiting for it')
          await wait(RETRY_EVERY, undefined, { signal: closing.signal }).catch(() => {})
        }
      }
      // The schema does not exist, so the promise must not resolve.
      return new Promise(() => {})
    }
  },
  { name: 'postgres' },
)
