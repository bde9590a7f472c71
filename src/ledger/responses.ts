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
    at: Type.String({ format: 'date-time', description: 'The time of the admission' }),
    costUsd: usd('what it cost'),
    heldUsd: usd('what was held for it'),
    savedUsd: Type.Optional(usd('what a cached response saved')),
    ...shown,
  },
  { title: 'Call' },
)
/** As the store returns it: the facts have the names of their columns, and the compiler cannot check them. */
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
  { title: 'Sample', description: 'The details of one refused call; long texts are shortened' },
)
export const refusedCall = Type.Object(
  {
    client: nullable(Type.String()),
    reason: Type.String({ description: "The refusal's error_code" }),
    scope: nullable(Type.String()),
    sample,
  },
  { title: 'RefusedCall', description: 'One refused call that has a sample' },
)

const chargedAttempt = Type.Object(
  {
    id: Type.String({ description: "The call's request id; from the second on with ~2, ~3, …" }),
    costUsd: usd('the charge and its correction together'),
    rows: Type.Array(call, { description: 'The charge, and its correction if it has one' }),
  },
  { title: 'ChargedAttempt', description: 'A request to an upstream with a ledger entry of its own' },
)

export const callResponse = Type.Object({
  id: Type.String({ description: "The call's request id" }),
  costUsd: usd('all charges and corrections of the call together'),
  rows: Type.Array(call, { description: 'Of the last charged attempt: the charge, and its correction' }),
  attempts: Type.Array(chargedAttempt, { description: 'All charged attempts, the first one first' }),
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
    hour: Type.Optional(Type.String({ format: 'date-time', description: 'The start of the hour' })),
    team: group,
    teamId: group,
    others: Type.Optional(
      Type.Literal(true, { description: 'The sum of all names that are not among the `top` names' }),
    ),
    ...sums,
  },
  { title: 'Usage', description: 'Has only the names in `by`; null: none' },
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
  more: Type.Boolean({ description: 'There are more groups than the limit; the total counts all groups' }),
  refusals: Type.Array(refusals, {
    description: 'Refusals are not counted by team: empty with a filter by team',
  }),
})

export const refusalsResponse = Type.Object({
  from: moment('The start'),
  to: moment('The end'),
  step: Type.Enum(['minute', 'hour', 'day'], { description: 'The step of the series' }),
  rows: Type.Array(refusals),
  series: Type.Array(
    Type.Object({
      at: Type.String({ format: 'date-time' }),
      reason: Type.String(),
      count: Type.Integer(),
    }),
    { description: 'The refusals of each step' },
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
  calls: Type.Integer({ description: 'Calls in the ledger, with cached calls and without refused calls' }),
  errors: Type.Integer({
    description: 'Calls with the outcome upstream_error, gateway_error, interrupted or lost',
  }),
  latencyMs: percentiles,
  ttftMs: percentiles,
}
const performanceSeries = Type.Object(
  {
    model: group,
    upstream: group,
    total: Type.Object(performance, { title: 'Performance' }),
    slots: Type.Array(
      Type.Object({
        at: Type.String({ format: 'date-time', description: 'The start of the slot' }),
        ...performance,
      }),
      { description: 'In the order of time; slots without calls are omitted' },
    ),
  },
  { title: 'PerformanceSeries', description: 'Has only the names in `by`; null: none' },
)

export const performanceResponse = Type.Object({
  from: moment('The start of the first slot'),
  to: moment('The end of the last slot'),
  step: Type.Enum(['5m', 'hour', 'day'], { description: "A slot's length" }),
  by: Type.Array(Type.Enum(series)),
  since: nullable(
    moment('The time from which calls are counted: the upgrade to the version that counts them'),
  ),
  all: performanceSeries,
  series: Type.Array(performanceSeries, { description: 'In descending order of calls' }),
  more: Type.Boolean({ description: 'There are more series than the limit; `all` counts all series' }),
})

export const verifyResponse = Type.Object(
  {
    ok: Type.Boolean(),
    scopes: Type.Integer({ description: 'The number of compared scopes' }),
    quarantined: Type.Integer({ description: 'The number of unreadable entries in quarantine' }),
    found: Type.Integer({ description: 'The number of differences' }),
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
