/** GET /admin/alerts: what was raised, newest first, and whether it was delivered. Registered within the administration. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { page, pageOf, serialCursor, type TypeBoxProvider } from '../plugins/admin/schemas.ts'
import { listAlerts } from './outbox.ts'

const query = Type.Object({ ...page.properties, cursor: serialCursor }, { additionalProperties: false })

export async function alertRoutes(admin: FastifyInstance): Promise<void> {
  admin
    .withTypeProvider<TypeBoxProvider>()
    .get('/alerts', { schema: { querystring: query } }, async ({ query: { limit, cursor } }) => {
      const rows = await listAlerts(admin.pg, { after: cursor, limit: limit + 1 })
      const { shown, next } = pageOf(rows, limit, ({ id }) => id)
      return { alerts: shown, next }
    })
}
