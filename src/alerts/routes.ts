/** GET /admin/alerts: what was raised, and whether it was delivered. Registered within the administration's scope. */

import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { listAlerts } from './outbox.ts'

const query = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
  cursor: Type.Optional(Type.String({ pattern: '^\\d{1,18}$', description: 'From the page before' })),
})

export async function alertRoutes(admin: FastifyInstance): Promise<void> {
  admin.get<{ Querystring: Static<typeof query> }>(
    '/alerts',
    { schema: { querystring: query } },
    async ({ query: { limit, cursor } }) => listAlerts(admin.pg, limit, cursor),
  )
}
