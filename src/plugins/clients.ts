/**
 * The clients and keys in use. Each replica polls for a newer configuration twice a second, without requests once a second,
 * in case a message is lost.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Changed, change, type Work } from '../clients/changes.ts'
import { type Clients, createClients } from '../clients/clients.ts'

/** The request of the administrator who makes the change. */
type Changer = Pick<FastifyRequest, 'administrator' | 'id'>

declare module 'fastify' {
  interface FastifyInstance {
    clients: Clients
    /** Makes a change that holds from the next call on: this replica applies it, the others learn of it by their next admission. */
    change<Record>(by: Changer, work: Work<Changed<Record>>): Promise<Record>
    change<Record>(by: Changer, work: Work<Changed<Record> | undefined>): Promise<Record | undefined>
  }
}

const RAISE_EVERY = 2000
const QUIET_RAISE_EVERY = 10_000

export default fp<{ pollEvery?: number; capacity?: number }>(
  async (app, { pollEvery = 500, capacity }) => {
    const { raiseVersion } = app.money
    const clients = createClients(app.pg, { log: app.log, ...(capacity && { capacity }) })
    app.decorate('clients', clients)
    app.decorate('change', changeConfiguration)

    function changeConfiguration<Record>(by: Changer, work: Work<Changed<Record>>): Promise<Record>
    function changeConfiguration<Record>(
      by: Changer,
      work: Work<Changed<Record> | undefined>,
    ): Promise<Record | undefined>
    async function changeConfiguration<Record>(
      { administrator: { name: who }, id: requestId }: Changer,
      work: Work<Changed<Record> | undefined>,
    ): Promise<Record | undefined> {
      const changed = await change(app.pg, { who, requestId }, work)
      if (!changed) return undefined
      const { kind, id, version, record, auditEvent } = changed
      const { action, target } = auditEvent
      app.log.info(
        { kind, id, version, who, action, target, reqId: requestId },
        'the configuration was changed',
      )
      await publish(version)
      return record
    }

    /** The change is committed already. If this message is lost, the next poll finds the change. */
    async function publish(version: number): Promise<void> {
      const results = await Promise.allSettled([raiseVersion(version), clients.refresh(version)])
      for (const result of results)
        if (result.status === 'rejected') app.log.debug({ err: result.reason }, 'left to the next poll')
    }

    /** The version that Redis was last given. */
    let raised: number | undefined
    let isThere: boolean | undefined
    let isClosed = false
    let timer: NodeJS.Timeout | undefined
    app.parts.set('postgres', () => isThere === true)
    app.migrated.then(poll)
    app.addHook('onClose', async () => {
      isClosed = true
      clearTimeout(timer)
    })

    // Redis may have lost the last raise in a crash.
    app.every(RAISE_EVERY, raise, { quietMs: QUIET_RAISE_EVERY })

    async function raise(): Promise<void> {
      const { version } = clients
      try {
        await raiseVersion(version)
        raised = version
      } catch (error) {
        app.log.debug({ err: error }, 'Redis is away')
      }
    }

    async function poll(): Promise<void> {
      try {
        await clients.poll()
        if (!isThere) app.log.info({ version: clients.version }, 'the configuration is loaded')
        isThere = true
      } catch (error) {
        if (isThere !== false)
          app.log.warn({ err: error }, 'Postgres cannot be read; loaded keys still work, others get 503')
        isThere = false
      }
      // A replica may have died between its change and its message.
      if (clients.version !== raised) raise()
      if (!isClosed) timer = setTimeout(poll, app.isQuiet() ? 2 * pollEvery : pollEvery)
    }
  },
  {
    name: 'clients',
    dependencies: ['health', 'jobs', 'money', 'postgres'],
    decorators: { fastify: ['every', 'isQuiet', 'migrated', 'money', 'parts', 'pg'] },
  },
)
