/** Clients, teams, keys and their state in responses of the admin API. A schema with a title is a component of the OpenAPI document. */

import { type TSchema, Type } from 'typebox'
import { scopeKindNames } from '../lua/scope-kinds.ts'
import { budget, clientSettings, limits, scopeSettings } from './settings.ts'

/** Travels as RFC 3339. */
export const moment = (description: string) =>
  Type.Unsafe<Date>({ type: 'string', format: 'date-time', description })

export const usd = (description: string) => Type.Number({ description: `US dollars: ${description}` })

export const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

const count = (description: string) => Type.Integer({ description })
const bucketState = Type.Object(
  { capacity: count('The limit'), available: count('Left now; below 0: owed') },
  { title: 'BucketState' },
)
const windowProperties = {
  limitUsd: Type.Optional(usd('the budget; absent: none')),
  spentUsd: usd('what calls have cost'),
  heldUsd: usd('what running calls may cost at most'),
  availableUsd: Type.Optional(usd('the rest of the budget')),
  resetsAt: Type.String({ format: 'date-time', description: 'The end of the calendar day or month, UTC' }),
}
export const windowState = Type.Object(windowProperties, { title: 'WindowState' })

/** The limits of a scope and their current usage. */
export const currentUsage = Type.Object(
  {
    requests: Type.Optional(bucketState),
    tokens: Type.Optional(bucketState),
    concurrency: Type.Object({ max: Type.Optional(count('The limit')), running: count('Calls running') }),
    day: Type.Optional(windowState),
    month: Type.Optional(windowState),
  },
  { title: 'State', description: 'The current usage' },
)
/** Null: Redis is away, or has lost its counters. */
const state = nullable(currentUsage)

const restoring = Type.Optional(
  Type.Literal(true, { description: 'The counters are being restored; until then `state` is null' }),
)
export const stateFields = { state, restoring }
export const stateResponse = Type.Object(stateFields)

const born = { createdAt: moment('When it was made'), updatedAt: moment('When it was last changed') }
const clientId = Type.String({ description: 'Counters and ledger hang on it; a new name keeps it' })
const { name, ...settings } = clientSettings.properties

const clientProperties = { id: clientId, name, ...settings, ...born }
const warnings = Type.Array(Type.String(), {
  description: 'Saved settings that look like a mistake, such as an unknown model; often empty',
})
export const changedClient = Type.Object({ ...clientProperties, warnings }, { title: 'ChangedClient' })
export const clientWithState = Type.Object(
  { ...clientProperties, ...stateFields },
  { title: 'ClientWithState' },
)

/** In a list, only on request. */
const mayHaveState = { state: Type.Optional(state), restoring }
export const listedClient = Type.Object({ ...clientProperties, ...mayHaveState }, { title: 'ListedClient' })

const teamProperties = { id: Type.String(), name, ...scopeSettings.properties, ...born }
export const team = Type.Object(teamProperties, { title: 'Team' })
export const teamWithState = Type.Object({ ...teamProperties, ...stateFields }, { title: 'TeamWithState' })
export const listedTeam = Type.Object({ ...teamProperties, ...mayHaveState }, { title: 'ListedTeam' })

const gatewayProperties = {
  limits: Type.Optional(limits),
  budget: Type.Optional(budget),
  updatedAt: born.updatedAt,
}
export const gateway = Type.Object(gatewayProperties, { title: 'Gateway' })
export const gatewayWithState = Type.Object(
  { ...gatewayProperties, ...stateFields },
  { title: 'GatewayWithState' },
)

/** One budget of the gateway, a team or a client. */
export const rankedBudget = Type.Object(
  {
    kind: Type.Enum([...scopeKindNames]),
    name,
    team: Type.Optional(Type.String({ description: "A client's team" })),
    period: Type.Enum(['day', 'month']),
    share: Type.Number({ description: 'Spent and held, of the budget: 0.5 is half of it' }),
    ...windowProperties,
  },
  { title: 'RankedBudget' },
)

const keyProperties = {
  id: Type.String({ description: "The key's public part: the 8 characters after tg_" }),
  client: Type.String({ description: "Its client's name" }),
  status: Type.Enum(['active', 'expired', 'revoked']),
  createdAt: born.createdAt,
  expiresAt: Type.Optional(moment('When it ends; absent: never')),
  revokedAt: Type.Optional(moment('When it was ended')),
  rotatedFrom: Type.Optional(Type.String({ description: 'The key that it took the place of' })),
}
export const shownOnce = Type.String({ description: 'Shown this one time: only its SHA-256 is kept' })
export const key = Type.Object(keyProperties, { title: 'Key' })
export const madeKey = Type.Object({ ...keyProperties, key: shownOnce }, { title: 'MadeKey' })
export const rotatedKey = Type.Object(
  { ...keyProperties, key: shownOnce, former: Type.Optional(key) },
  { title: 'RotatedKey' },
)

/** Every change that the administration can make, and the actions that reach other servers. */
export const actions = [
  'client.create',
  'client.update',
  'client.delete',
  'key.create',
  'key.rotate',
  'key.revoke',
  'team.put',
  'team.delete',
  'gateway.put',
  'token.create',
  'token.revoke',
  'alert.test',
  'upstreams.check',
] as const

const image = (description: string) => nullable(Type.Unsafe<object>({ type: 'object', description }))
export const auditEvent = Type.Object(
  {
    id: Type.String(),
    at: moment('When'),
    who: Type.String({ description: 'The name of the token' }),
    action: Type.Enum(actions),
    target: Type.String({ description: 'What was changed, such as client:frontend' }),
    before: image('As it was; null: it was not there'),
    after: image('As it is; null: it is gone'),
    requestId: Type.String(),
  },
  { title: 'AuditEvent' },
)
