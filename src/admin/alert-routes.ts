/** GET /admin/alerts lists alerts and their delivery; POST /admin/alerts/test sends a test alert. Registered within the administration. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { deliveries, severities } from '../alerts/alert.ts'
import { listAlerts } from '../alerts/list.ts'
import { alert, receipt } from '../alerts/responses.ts'
import { writeAuditEvent } from '../clients/audit.ts'
import { cursorsOf } from './cursors.ts'
import { parseTime, time } from './ledger-query.ts'
import { problem } from './problem.ts'
import { pageResponse } from './response-schemas.ts'
import { limit, pageOf, type TypeBoxProvider } from './schemas.ts'

const cursors = cursorsOf('alerts', 'number')
const query = Type.Object(
  {
    kind: Type.Optional(
      Type.String({ description: 'Such as budget_threshold', expected: 'a kind of alert' }),
    ),
    severity: Type.Optional(Type.Enum(severities, { expected: `one of ${severities.join(', ')}` })),
    delivery: Type.Optional(Type.Enum(deliveries, { expected: `one of ${deliveries.join(', ')}` })),
    client: Type.Optional(
      Type.String({
        description: 'The name of a client: the same as the scope client:<name>',
        expected: 'the name of a client',
      }),
    ),
    scope: Type.Optional(
      Type.String({
        description: 'The subject of the alert',
        expected: 'a scope such as client:frontend, team:web, gateway or upstream:ezai',
      }),
    ),
    from: Type.Optional(time('Raised then or later')),
    to: Type.Optional(time('Raised before')),
    limit,
    cursor: cursors.schema,
  },
  { additionalProperties: false },
)

export async function alertRoutes(admin: FastifyInstance): Promise<void> {
  const routes = admin.withTypeProvider<TypeBoxProvider>()

  routes.get(
    '/alerts',
    {
      schema: {
        summary: 'Alerts and their delivery, newest first',
        querystring: query,
        response: { 200: pageResponse({ alerts: Type.Array(alert) }) },
      },
    },
    async ({ query: { limit, cursor, from, to, ...filter } }) => {
      const rows = await listAlerts(admin.pg, {
        ...filter,
        from: parseTime(from),
        to: parseTime(to),
        after: cursors.placeOf(cursor),
        limit: limit + 1,
      })
      const { shown, next } = pageOf(rows, limit, ({ id }) => cursors.format(id))
      return { alerts: shown, next }
    },
  )

  routes.post(
    '/alerts/test',
    {
      schema: {
        summary: 'Send one test alert to the webhook',
        description:
          'The response comes once the webhook has answered or could not be reached. The alert is not sent again. 409 without ALERT_WEBHOOK_URL.',
        response: { 200: receipt },
      },
    },
    async ({ administrator: { name: who }, id: requestId }) => {
      if (!admin.alerts.hasWebhook) throw noWebhook()
      const dedupe = `test:${requestId}`
      await writeAuditEvent(
        admin.pg,
        { who, requestId },
        { action: 'alert.test', target: 'gateway', before: null, after: { dedupe } },
      )
      return admin.alerts.sendTest(dedupe)
    },
  )
}

function noWebhook() {
  return problem(
    409,
    'ALERT_WEBHOOK_URL: found nothing, expected the URL of a webhook that takes the format of Slack. ' +
      'Set it where the gateway runs, and restart the gateway.',
  )
}
