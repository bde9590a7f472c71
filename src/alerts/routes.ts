/** GET /admin/alerts: what was raised, newest first, and whether it was delivered. Registered within the administration. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { moment, nullable, pageAnswer } from '../plugins/admin/answers.ts'
import { cursorsOf } from '../plugins/admin/cursors.ts'
import { limit, pageOf, type TypeBoxProvider } from '../plugins/admin/schemas.ts'
import { listAlerts } from './outbox.ts'

const alert = Type.Object(
  {
    id: Type.String(),
    kind: Type.String({
      description: 'The rule that found it, such as budget_threshold or output_rate_exceeded',
    }),
    dedupe: Type.String({ description: 'Rule, scope and window: told once for each' }),
    severity: Type.Enum(['info', 'warning', 'critical']),
    scope: Type.String({ description: 'client:frontend, team:web, gateway, upstream:ezai' }),
    title: Type.String({ description: 'One sentence, for people' }),
    details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
      description: 'The numbers behind it',
    }),
    raisedAt: moment('When'),
    delivery: Type.Enum(['delivered', 'waiting', 'no_webhook']),
    deliveredAt: nullable(moment('When it was delivered')),
    attempts: Type.Integer(),
    nextAttemptAt: nullable(moment('When delivery is tried again')),
    lastError: nullable(Type.String()),
  },
  { title: 'Alert' },
)

const cursors = cursorsOf('alerts', 'number')
const query = Type.Object({ limit, cursor: cursors.schema }, { additionalProperties: false })

export async function alertRoutes(admin: FastifyInstance): Promise<void> {
  admin.withTypeProvider<TypeBoxProvider>().get(
    '/alerts',
    {
      schema: {
        summary: 'What was raised, the newest first, and whether it was delivered',
        querystring: query,
        response: { 200: pageAnswer({ alerts: Type.Array(alert) }) },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const rows = await listAlerts(admin.pg, { after: cursors.placeOf(cursor), limit: limit + 1 })
      const { shown, next } = pageOf(rows, limit, ({ id }) => cursors.format(id))
      return { alerts: shown, next }
    },
  )
}
