/** GET /admin/audit: the audit events, newest first. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { listAuditEvents } from '../clients/audit.ts'
import { actions, auditEvent } from '../clients/responses.ts'
import { cursorsOf } from './cursors.ts'
import { parseTime, time } from './ledger-query.ts'
import { pageResponse } from './response-schemas.ts'
import { limit, pageOf, type TypeBoxProvider } from './schemas.ts'

const cursors = cursorsOf('audit', 'number')
const query = Type.Object(
  {
    who: Type.Optional(Type.String({ description: 'The name of a token', expected: 'the name of a token' })),
    target: Type.Optional(
      Type.String({
        description: 'The target: client:frontend, key:3mPwpyb6, team:web, gateway, token:ci',
        expected: 'such as client:frontend, key:3mPwpyb6, team:web, gateway, token:ci',
      }),
    ),
    action: Type.Optional(
      Type.Enum(actions, { description: 'The action', expected: `one of ${actions.join(', ')}` }),
    ),
    from: Type.Optional(time('Changed then or later')),
    to: Type.Optional(time('Changed before')),
    limit,
    cursor: cursors.schema,
  },
  { additionalProperties: false },
)

export default async function audit(app: FastifyInstance) {
  app.withTypeProvider<TypeBoxProvider>().get(
    '/audit',
    {
      schema: {
        summary: 'Audit events, newest first',
        querystring: query,
        response: { 200: pageResponse({ audit: Type.Array(auditEvent) }) },
      },
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const rows = await listAuditEvents(app.pg, {
        ...filter,
        from: parseTime(filter.from),
        to: parseTime(filter.to),
        after: cursors.placeOf(cursor),
        limit: limit + 1,
      })
      const { shown, next } = pageOf(rows, limit, ({ id }) => cursors.format(id))
      return { audit: shown, next }
    },
  )
}
