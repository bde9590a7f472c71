/** The ledger in responses of the admin API. */

import { Type } from 'typebox'
import { moment, nullable, usd } from '../clients/responses.ts'
import { facts } from './call-record.ts'

export const groups = ['client', 'model', 'day', 'hour', 'team'] as const
export const series = ['model', 'upstream'] as const

const { savedNanos, ...shown } = facts

/** The fields are the columns of the table. Unknown values are absent. */
export const callRow = Type.Object(
  {
    id: Type.String({ description: "The call's request id" }),
    seq: Type.Integer({ description: '0 the charge, 1 a signed correction' }),
    at: Type.String({ format: 'date-time', description: 'When it was admitted' }),
    costUsd: usd('what it cost'),
    heldUsd: usd('what was held for it'),
    savedUsd: Type.Optional(usd('what a cached response saved')),
    ...shown,
  },
  { title: 'Call' },
)
/** As the store returns it: it finds the facts by the names of their columns, which the compiler cannot follow. */
export type Call = { at: string; id: string; seq: number } & { [fact: string]: unknown }
const call = Type.Unsafe<Call>(callRow)

export const callsResponse = Type.Object({
  calls: Type.Array(call),
  next: Type.Optional(Type.String({ description: 'The cursor of the next page; absent on the last one' })),
})

const word = Type.Optional(Type.String())
const sample = Type.Object(
  {
    at: Type.String({ format: 'date-time' }),
    status: Type.Optional(Type.Integer()),
    reqId: word,
    key: word,
    route: word,
    model: word,
    error: word,
  },
  { title: 'Sample', description: 'The details of one refused call; long texts are cut' },
)
export const refusedCall = Type.Object(
  {
    client: nullable(Type.String()),
    reason: Type.String({ description: "The refusal's error_code" }),
    scope: nullable(Type.String()),
    sample,
  },
  { title: 'RefusedCall', description: 'One refused call, of those that samples were kept of' },
)

export const callResponse = Type.Object({
  id: Type.String(),
  costUsd: usd('the charge and its correction together'),
  rows: Type.Array(call),
  refused: Type.Optional(refusedCall),
})

const tokens = Type.Integer({ description: 'Tokens' })
const sums = {
  calls: Type.Integer(),
  outcomes: Type.Record(Type.String(), Type.Number(), { description: 'Calls by outcome' }),
  inputTokens: tokens,
  cacheReadTokens: tokens,
  cacheWriteTokens: tokens,
  outputTokens: tokens,
  costUsd: usd('what it cost'),
  savedUsd: usd('what cached responses saved'),
}
const group = Type.Optional(nullable(Type.String()))
const row = Type.Object(
  {
    client: group,
    clientId: group,
    model: group,
    day: Type.Optional(Type.String()),
    hour: Type.Optional(Type.String({ format: 'date-time', description: 'Its start' })),
    team: group,
    teamId: group,
    others: Type.Optional(
      Type.Literal(true, { description: 'The sum of all that are not among the `top` ones' }),
    ),
    ...sums,
  },
  { title: 'Usage', description: 'Only the names that were grouped by are there; null stands for none' },
)

export const refusals = Type.Object(
  {
    client: nullable(Type.String()),
    clientId: nullable(Type.String()),
    reason: Type.String({ description: "The refusal's error_code" }),
    scope: nullable(Type.String()),
    count: Type.Integer(),
    firstAt: Type.String({ format: 'date-time' }),
    lastAt: Type.String({ format: 'date-time' }),
    samples: Type.Array(sample),
  },
  { title: 'Refusals', description: 'Calls refused for one reason; client null: unauthenticated callers' },
)

export const usageResponse = Type.Object({
  from: Type.String({ format: 'date' }),
  to: Type.String({ format: 'date', description: 'The day after the last' }),
  by: Type.Array(Type.Enum(groups)),
  rows: Type.Array(row),
  total: Type.Object(sums),
  more: Type.Boolean({ description: 'There are more groups than were asked for; the total counts them all' }),
  refusals: Type.Array(refusals, {
    description: 'Refusals are not counted by team: empty with a filter by team',
  }),
})

export const refusalsResponse = Type.Object({
  from: moment('The start'),
  to: moment('The end'),
  step: Type.Enum(['minute', 'hour', 'day'], { description: 'Of the series' }),
  rows: Type.Array(refusals),
  series: Type.Array(
    Type.Object({
      at: Type.String({ format: 'date-time' }),
      reason: Type.String(),
      count: Type.Integer(),
    }),
    { description: 'How many at which time' },
  ),
  latest: Type.Array(refusedCall, { description: 'Samples, the newest first' }),
})

const milliseconds = nullable(Type.Number())
const percentiles = Type.Object(
  { p50: milliseconds, p95: milliseconds, p99: milliseconds },
  {
    title: 'Percentiles',
    description: 'Milliseconds, nearest rank, at most 7.3 % off (1 ms at least); null: nothing was measured',
  },
)
const performance = {
  calls: Type.Integer({ description: 'Calls in the ledger, cached ones included, refused ones not' }),
  errors: Type.Integer({ description: 'Of these: upstream_error, gateway_error, interrupted and lost' }),
  latencyMs: percentiles,
  ttftMs: percentiles,
}
const performanceSeries = Type.Object(
  {
    model: group,
    upstream: group,
    total: Type.Object(performance, { title: 'Performance' }),
    slots: Type.Array(
      Type.Object({ at: Type.String({ format: 'date-time', description: 'Its start' }), ...performance }),
      { description: 'In the order of time; those without calls are left out' },
    ),
  },
  { title: 'PerformanceSeries', description: 'Has only the names of `by`; null: none' },
)

export const performanceResponse = Type.Object({
  from: moment('The start of the first slot'),
  to: moment('The end of the last slot'),
  step: Type.Enum(['5m', 'hour', 'day'], { description: "A slot's length" }),
  by: Type.Array(Type.Enum(series)),
  since: nullable(
    moment(
      'Calls recorded before this time were not counted: it is the time of the upgrade that counts them',
    ),
  ),
  all: performanceSeries,
  series: Type.Array(performanceSeries, { description: 'Those with the most calls first' }),
  more: Type.Boolean({ description: 'There are more series than were asked for; `all` counts them all' }),
})

export const verifyResponse = Type.Object(
  {
    ok: Type.Boolean(),
    scopes: Type.Integer({ description: 'How many were compared' }),
    quarantined: Type.Integer({ description: 'Unreadable entries kept aside, ever' }),
    found: Type.Integer({ description: 'How many differ' }),
    differences: Type.Array(
      Type.Object({
        scope: Type.String(),
        window: Type.Enum(['day', 'month']),
        counterUsd: usd("Redis's counter"),
        ledgerUsd: usd('the ledger'),
        pendingUsd: usd('on its way to the ledger'),
        differenceUsd: usd('counter − ledger − pending; with limitUsd: counter − limit'),
        limitUsd: Type.Optional(usd('the budget that was overspent; absent: the counter differs')),
      }),
    ),
  },
  { title: 'Verified' },
)
