/** The ledger's routes of the admin API. Money is in US dollars, time in RFC 3339. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { createSharedReads } from '../clients/shared-reads.ts'
import { clientIds, listCalls, teamIds } from '../ledger/calls.ts'
import { findCall } from '../ledger/found-call.ts'
import { readPerformance } from '../ledger/performance.ts'
import { readRefusals } from '../ledger/refusals.ts'
import { findRefused, readRefused, readRefusedOverTime, stepFor, steps } from '../ledger/refused.ts'
import {
  callResponse,
  callsResponse,
  performanceResponse,
  refusalsResponse,
  usageResponse,
  verifyResponse,
} from '../ledger/responses.ts'
import { readUsage, type Usage } from '../ledger/usage.ts'
import type { Difference } from '../ledger/verify.ts'
import { nanosToUsd } from '../pricing/money.ts'
import {
  boundedRange,
  callsQuery,
  formatCursor,
  groupsOf,
  parseTime,
  performanceQuery,
  performanceRange,
  periodOf,
  placeIn,
  refusalsQuery,
  usageQuery,
} from './ledger-query.ts'
import { problem } from './problem.ts'
import type { TypeBoxProvider } from './schemas.ts'

/** Highest number of differences in a response. */
const DIFFERENCES = 1000

/** The dashboard polls every 15 seconds. All open pages share one read. */
const SHARING = { minMs: 0, factor: 5, maxMs: 30_000, skipBelowMs: 200 }

export async function ledgerRoutes(admin: FastifyInstance): Promise<void> {
  const { money, pg, ledger } = admin
  const routes = admin.withTypeProvider<TypeBoxProvider>()
  const shared = createSharedReads<Usage>(SHARING)

  routes.get(
    '/calls',
    {
      schema: {
        summary: 'The ledger, the newest call first, or sorted',
        description:
          'A filter by status or team and a sort other than by time read every call of their time range, so it is at most 31 days. Refused calls are under GET /admin/refusals.',
        querystring: callsQuery,
        response: { 200: callsResponse },
      },
    },
    async ({ query }) => {
      const { from, to, cursor, ...filter } = query
      const asked = { ...filter, from: parseTime(from), to: parseTime(to) }
      const { calls, next } = await listCalls(pg, {
        ...asked,
        ...boundedRange(asked, admin.clock.now()),
        after: placeIn(query),
      })
      return { calls, next: next && formatCursor(next) }
    },
  )

  routes.get(
    '/calls/:id',
    {
      schema: {
        summary: 'One call, with its charged attempts and their corrections',
        params: Type.Object({
          id: Type.String({ description: "The call's request id, or the id of one of its charged attempts" }),
        }),
        response: { 200: callResponse },
      },
    },
    async ({ params: { id } }) => {
      const call = await findCall(pg, id)
      if (call) return call
      const refused = await findRefused(pg, id)
      if (refused) return { id, costUsd: 0, rows: [], attempts: [], refused }
      throw problem(
        404,
        `The ledger has no call "${id}": it still runs, or it was refused; of refusals only some are kept.`,
      )
    },
  )

  routes.get(
    '/usage',
    {
      schema: {
        summary: 'Sums of calls, tokens, cost, savings and refusals',
        querystring: usageQuery,
        response: { 200: usageResponse },
      },
    },
    async ({ query }) => {
      const period = periodOf(query, new Date(admin.clock.now()))
      const by = groupsOf(query)
      const { client, team, top, rank, limit } = query
      const filter = {
        clientIds: client === undefined ? undefined : await clientIds(pg, client),
        teamIds: team === undefined ? undefined : await teamIds(pg, team),
      }
      const [usage, refusals] = await Promise.all([
        shared(JSON.stringify([period, by, limit, filter, top, rank]), () =>
          readUsage(pg, period, by, limit, { ...filter, top, rank }),
        ),
        // Refusals are not counted by team.
        team === undefined
          ? readRefusals(pg, `${period.from}T00:00:00Z`, `${period.to}T00:00:00Z`, limit, filter)
          : [],
      ])
      return { ...period, by, ...usage, refusals }
    },
  )

  routes.get(
    '/performance',
    {
      schema: {
        summary: 'Latency, time to first token and errors over time, by model and upstream',
        description:
          'Counts by slots of 5 minutes, an hour or a day. Latency and time to first token leave out cached, joined, refused and lost calls.',
        querystring: performanceQuery,
        response: { 200: performanceResponse },
      },
    },
    async ({ query }) => {
      const range = performanceRange(query, new Date(admin.clock.now()))
      const { model, upstream, limit } = query
      const found = await readPerformance(pg, { ...range, model, upstream, limit })
      return { step: range.step, by: range.by, ...found }
    },
  )

  routes.get(
    '/refusals',
    {
      schema: {
        summary: 'Refusals: counts, counts over time, and samples',
        querystring: refusalsQuery,
        response: { 200: refusalsResponse },
      },
    },
    async ({ query }) => {
      const to = parseTime(query.to) ?? new Date(admin.clock.now())
      const from = parseTime(query.from) ?? new Date(to.getTime() - steps.day)
      const filter = {
        clientIds: query.client === undefined ? undefined : await clientIds(pg, query.client),
        reason: query.reason,
      }
      const [rows, series, latest] = await Promise.all([
        readRefusals(pg, from.toISOString(), to.toISOString(), query.limit, filter),
        readRefusedOverTime(pg, [from, to], filter),
        readRefused(pg, [from, to], filter, query.limit),
      ])
      return { from, to, step: stepFor(from, to), rows, series, latest }
    },
  )

  routes.get(
    '/verify',
    {
      schema: {
        summary: 'Compare the counters with the ledger',
        description:
          '409 where they differ, with each difference; also where a budget was overspent. 503 while Redis is away, or its counters are being restored.',
        response: { 200: verifyResponse, 409: verifyResponse },
      },
    },
    async (_request, reply) => {
      // The ledger's connection waits while Redis is away. This read fails at once instead.
      await money.state([])
      const { scopes, differences, quarantined } = await ledger.verify()
      const found = differences.length
      reply.code(found === 0 ? 200 : 409)
      return {
        ok: found === 0,
        scopes,
        quarantined,
        found,
        differences: differences.slice(0, DIFFERENCES).map(shown),
      }
    },
  )
}

function shown({ scope, window, limitNanos, ...nanos }: Difference) {
  return {
    scope,
    window,
    counterUsd: nanosToUsd(nanos.counterNanos),
    ledgerUsd: nanosToUsd(nanos.ledgerNanos),
    pendingUsd: nanosToUsd(nanos.pendingNanos),
    differenceUsd: nanosToUsd(nanos.differenceNanos),
    ...(limitNanos !== undefined && { limitUsd: nanosToUsd(limitNanos) }),
  }
}
