/** Reserves money: an upper bound on the cost of the call, held before it starts. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isBound } from '../clients/limits.ts'
import type { Edits, ParsedRequest } from '../dialects/dialect.ts'
import { lazy } from '../dialects/wire/lazy.ts'
import { type Details, type Refusal, refusal, retryAfter } from '../errors.ts'
import { type NoRoom, UNLIMITED } from '../lua/types.ts'
import { maxTokensThatFit } from '../pricing/bound.ts'
import { formatUsd, nanosToUsd } from '../pricing/money.ts'
import { mostExpensive, neededNanos, priceable } from './bounds.ts'
import type { Refused } from './reservations.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The error of a running call that is stopped, in the format of its route. */
    stopForBudget(request: FastifyRequest, found: NoRoom): Refusal
    /** The refusal of a call that is not measured, because a budget is completely spent. */
    refuseUnmeasured(request: FastifyRequest, found: Spent): Refusal
  }
}

/** Milliseconds. Running calls end soon and give back what they did not use. */
const IN_FLIGHT_WAIT = 2000

export interface BudgetOptions {
  defaultMaxTokens: number
  /** The status of a spent budget, by the name of a format; others get the usual one. */
  statusOf: Readonly<Record<string, number>>
}

export default fp<BudgetOptions>(
  async (app, { defaultMaxTokens, statusOf }) => {
    app.onScope(({ budget }) => ({
      day: budget.dayNanos ?? UNLIMITED,
      month: budget.monthNanos ?? UNLIMITED,
    }))
    app.onReservation(function reserveMoney(request) {
      const { call, client, targets } = request
      const { parsed, dialect } = call
      if (!dialect.paid) return undefined
      const edits: Edits = {}
      if (isBound(client)) {
        const open = parsed.unbounded.find(({ allowedBy }) => !client.allow.has(allowedBy))
        if (open) throw unbounded(open, client.name)
        if (client.hold === 'ceiling' && parsed.hasOutput && parsed.maxOutputTokens === undefined) {
          edits.maxOutputTokens = Math.min(defaultMaxTokens, ...targets.map(({ price }) => price.maxOutput))
        }
      }
      const outputRate = app.outputRateOf(request)
      const grows = client.hold === 'growing' && outputRate !== undefined && parsed.hasOutput
      // The bound is lazy: a call that is refused before is not measured.
      const bound = lazy(() => neededNanos(request, performance.now()))
      return { outputRate, grows, bound, edits }
    })

    app.addHook('preHandler', function announceOutputLimit(request, reply, done) {
      if (request.edits?.maxOutputTokens !== undefined)
        reply.header('x-tollgate-max-tokens', request.edits.maxOutputTokens)
      done()
    })

    app.limitRefusals.set('day', noRoom)
    app.limitRefusals.set('month', noRoom)
    app.decorate('stopForBudget', (request: FastifyRequest, found: NoRoom) =>
      withStatus(request, stopped(found)),
    )
    app.decorate('refuseUnmeasured', (request: FastifyRequest, found: Spent) =>
      withStatus(request, allSpent(found)),
    )

    function noRoom(refused: Refused, request: FastifyRequest): Refusal {
      switch (refused.verdict) {
        case 'in_flight':
          return inFlight(refused, request)
        case 'can_never_fit':
          return withStatus(request, neverFits(refused, request))
        default:
          return withStatus(request, spent(refused, request))
      }
    }

    function withStatus({ call }: FastifyRequest, error: Refusal): Refusal {
      error.statusCode = statusOf[call.dialect.format.name] ?? error.statusCode
      return error
    }
  },
  {
    name: 'budget',
    dependencies: ['auth', 'call', 'exact-count', 'models', 'output-rate', 'reservations'],
    decorators: {
      fastify: ['limitRefusals', 'onReservation', 'onScope', 'outputRateOf'],
      request: ['call', 'client', 'counted', 'edits', 'reservation', 'targets'],
    },
  },
)

const FINAL = { 'x-should-retry': 'false' }

interface Numbers {
  scope: string
  limit: string
  limitNanos?: number
  spentNanos?: number
  heldNanos?: number
}

/** The budget's numbers for programs: limit = spent + held + left. */
function numbersOf({ scope, limit, limitNanos = 0, spentNanos = 0, heldNanos = 0 }: Numbers): Details {
  return {
    scope,
    window: limit,
    limit_usd: nanosToUsd(limitNanos),
    spent_usd: nanosToUsd(spentNanos),
    held_usd: nanosToUsd(heldNanos),
  }
}

/** `$2.37 of $5.00 is left in client:web's budget for this day ($2.50 is spent, $0.13 is held by running calls)` */
function usageText({ scope, limit, limitNanos = 0, spentNanos = 0, heldNanos = 0 }: Numbers): string {
  const left = formatUsd(Math.max(0, limitNanos - spentNanos - heldNanos))
  const parts = `${formatUsd(spentNanos)} is spent, ${formatUsd(heldNanos)} is held by running calls`
  return `${left} of ${formatUsd(limitNanos)} is left in ${scope}'s budget for this ${limit} (${parts})`
}

function inFlight(refused: Refused, { reservation }: FastifyRequest): Refusal {
  return refusal(
    'budget_in_flight',
    `${usageText(refused)}; this call may need ${formatUsd(reservation.nanos)}. Try again when running calls have ended.`,
    { details: numbersOf(refused), headers: retryAfter(refused.retryAfterMs ?? IN_FLIGHT_WAIT) },
  )
}

function neverFits(refused: Refused, request: FastifyRequest): Refusal {
  const { scope, limit, limitNanos = 0 } = refused
  const { nanos } = request.reservation
  const { words, details } = suggestion(request, refused)
  return refusal(
    'request_exceeds_budget',
    `This call may need ${formatUsd(nanos)}, more than ${scope}'s whole budget of ${formatUsd(limitNanos)} for a ${limit}; ${words}`,
    {
      details: {
        scope,
        window: limit,
        limit_usd: nanosToUsd(limitNanos),
        estimated_usd: nanosToUsd(nanos),
        ...details,
      },
      headers: FINAL,
    },
  )
}

function spent(refused: Refused, request: FastifyRequest): Refusal {
  const { words, details } = suggestion(request, refused)
  return refusal(
    'budget_exceeded',
    `${usageText(refused)}; this call may need ${formatUsd(request.reservation.nanos)}; ${words}`,
    {
      details: {
        ...numbersOf(refused),
        resets_at: new Date(refused.resetsAt ?? 0).toISOString(),
        ...details,
      },
      headers: FINAL,
    },
  )
}

export type Spent = Numbers & { resetsAt: number }

/** The budget is completely spent, so the cost of the call does not matter. */
function allSpent(found: Spent): Refusal {
  return refusal('budget_exceeded', `${usageText(found)}; it is full again at the time in resets_at.`, {
    details: { ...numbersOf(found), resets_at: new Date(found.resetsAt).toISOString() },
    headers: FINAL,
  })
}

/** The error of a running call that is stopped: a budget has no room for its next seconds. */
function stopped(found: NoRoom): Refusal {
  return refusal(
    'budget_exceeded',
    `The call was stopped: ${usageText(found)}, too little for its next seconds of output.`,
    { details: numbersOf(found), headers: FINAL, reason: 'the budget has no room for the next seconds' },
  )
}

/** Bytes that an output limit adds to a request without one. */
const LIMIT_BYTES = 40

/** The largest output limit with which all budgets would admit this call now. */
function suggestion(
  request: FastifyRequest,
  { states }: Refused,
): { words: string; details: { max_tokens_that_fit?: number } } {
  const { parsed } = request.call
  const left = states
    .flatMap(({ day, month }) => [day ?? [], month ?? []].flat())
    .filter(({ limitNanos }) => limitNanos !== UNLIMITED)
    .map(({ limitNanos, spentNanos, heldNanos }) => limitNanos - spentNanos - heldNanos)
  const { price } = mostExpensive(request)
  const asked = priceable(request, price)
  const inputBound = asked.inputBound + (parsed.maxOutputTokens === undefined ? LIMIT_BYTES : 0)
  const nanos = Math.max(0, Math.min(...left))
  const fits = parsed.hasOutput ? maxTokensThatFit(price, { ...asked, inputBound }, nanos) : undefined
  return fits === undefined
    ? {
        words:
          request.counted === undefined
            ? 'its input alone may not fit: only its size in bytes is known.'
            : 'its input alone does not fit.',
        details: {},
      }
    : {
        words: `a max_tokens of ${fits.toLocaleString('en-US')} fits.`,
        details: { max_tokens_that_fit: fits },
      }
}

function unbounded(
  { feature, allowedBy, errorCode }: ParsedRequest['unbounded'][number],
  client: string,
): Refusal {
  return refusal(
    'unbounded_feature',
    `${feature} makes the cost of a call unbounded, and client ${client} is bound by a budget; ` +
      `leave it out, or have the client's setting allow: ["${allowedBy}"].`,
    // The feature may quote the request.
    {
      details: {
        ...(errorCode && { error_code: errorCode, gateway_code: 'unbounded_feature' }),
        feature,
        allow: allowedBy,
      },
      reason: `a feature without a bound: ${allowedBy}`,
    },
  )
}
