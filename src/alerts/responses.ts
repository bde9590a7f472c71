/** Alerts in responses of the admin API. */

import { Type } from 'typebox'
import { moment, nullable } from '../clients/responses.ts'
import { deliveries, severities } from './alert.ts'

export const alert = Type.Object(
  {
    id: Type.String(),
    kind: Type.String({
      description: 'The rule that found it, such as budget_threshold or output_rate_exceeded',
    }),
    dedupe: Type.String({ description: 'Rule, scope and window: reported once for each' }),
    severity: Type.Enum(severities),
    scope: Type.String({ description: 'client:frontend, team:web, gateway, upstream:ezai' }),
    title: Type.String({ description: 'One sentence, for people' }),
    details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
      description: 'The numbers behind it',
    }),
    raisedAt: moment('When'),
    delivery: Type.Enum(deliveries),
    deliveredAt: nullable(moment('When it was delivered')),
    attempts: Type.Integer(),
    nextAttemptAt: nullable(moment('When delivery is tried again')),
    lastError: nullable(Type.String()),
  },
  { title: 'Alert' },
)

export const receipt = Type.Object(
  {
    delivered: Type.Boolean({ description: 'Whether the webhook answered with a status from 200 to 299' }),
    status: nullable(Type.Integer({ description: 'The HTTP status of the webhook; null: no answer' })),
    error: nullable(Type.String({ description: 'Why it was not delivered' })),
  },
  { title: 'TestAlert' },
)
