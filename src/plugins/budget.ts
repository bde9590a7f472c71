/** Claims on money: an upper bound on what the call can cost, held before it starts; and the words for 'spent'. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Details, type Refusal, refusal, retryAfter } from '../errors.ts'
import { UNLIMITED } from '../lua/index.ts'
import { formatUsd, nanosToUsd } from '../money.ts'
import { boundNanos, largestInput, maxTokensThatFit, type Priceable } from '../prices/price.ts'
import { isBound } from '../stores/limits.ts'
import type { Refused } from './claims.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Input tokens by the provider's own count, where it was asked: a tighter bound than the request's bytes. */
    countedInput: number | undefined
  }
}

/** Calls in the way end soon; what they do not use comes back. */
const IN_FLIGHT_WAIT = 2000

export default fp<{ defaultMaxTokens: number; statusOpenai: 402 | 429 }>(
  async (app, { defaultMaxTokens, statusOpenai }) => {
    app.decorateRequest('countedInput')
    app.onLevel(({ budget }) => ({
      day: budget.dayNanos ?? UNLIMITED,
      month: budget.monthNanos ?? UNLIMITED,
    }))
    app.onDecision(function claimMoney(request) {
      const { claims, call, client, route, edits } = request
      const { ask, dialect } = call
      if (isBound(client) && dialect.paid) {
        const open = ask.unbounded.find(({ opening }) => !client.allow.has(opening))
        if (open) throw unbounded(open, client.name)
        if (ask.hasOutput && ask.ceiling === undefined) {
          edits.ceiling = Math.min(defaultMaxTokens, route.price.maxOutput)
        }
      }
      claims.nanos = dialect.paid ? moneyBound(request) : 0
    })

    app.addHook('preHandler', function announceCeiling(request, reply, done) {
      if (request.edits?.ceiling !== undefined) reply.header('x-tollgate-max-tokens', request.edits.ceiling)
      done()
    })

    app.wording.set('day', spent)
    app.wording.set('month', spent)

    function spent(refused: Refused, request: FastifyRequest): Refusal {
      const {
        verdict,
        scope,
        limit: window,
        limitNanos = 0,
        spentNanos = 0,
        heldNanos = 0,
        resetsAt = 0,
      } = refused
      const { dialect } = request.call
      const fits = maxTokensNow(request, refused)
      const limits: Details = { scope, window, limit_usd: nanosToUsd(limitNanos) }
      const counters: Details = {
        ...limits,
        spent_usd: nanosToUsd(spentNanos),
        held_usd: nanosToUsd(heldNanos),
      }
      const suggestion: Details = fits === undefined ? {} : { max_tokens_that_fit: fits }
      const final = { 'x-should-retry': 'false' }
      const budget = `${scope}'s budget for this ${window} of ${formatUsd(limitNanos)}`
      if (verdict === 'in_flight') {
        return refusal(
          'budget_in_flight',
          `Calls still running hold the rest of ${budget}; try again shortly.`,
          {
            details: counters,
            headers: retryAfter(IN_FLIGHT_WAIT),
          },
        )
      }
      const exceeded =
        verdict === 'can_never_fit'
          ? refusal(
              'request_exceeds_budget',
              `This call may cost ${formatUsd(request.claims.nanos)}, more than ${budget}; ask for fewer tokens.`,
              {
                details: { ...limits, estimated_usd: nanosToUsd(request.claims.nanos), ...suggestion },
                headers: final,
              },
            )
          : refusal(
              'budget_exceeded',
              `${budget} is spent: ${formatUsd(spentNanos)} spent, ${formatUsd(heldNanos)} held.`,
              {
                details: { ...counters, resets_at: new Date(resetsAt).toISOString(), ...suggestion },
                headers: final,
              },
            )
      if (dialect.family === 'openai') exceeded.statusCode = statusOpenai
      return exceeded
    }
  },
  { name: 'budget', dependencies: ['claims', 'models'] },
)

/** Bytes that a ceiling adds to a request which names none. */
const CEILING_BYTES = 40

/** The largest ceiling with which this very call would be admitted now, by every budget it must fit; undefined: none. */
function maxTokensNow(request: FastifyRequest, { states }: Refused): number | undefined {
  const { ask } = request.call
  if (!ask.hasOutput) return undefined
  const windows = states.flatMap(({ day, month }) => [day ?? [], month ?? []].flat())
  const left = windows
    .filter(({ limitNanos }) => limitNanos !== UNLIMITED)
    .map(({ limitNanos, spentNanos, heldNanos }) => limitNanos - spentNanos - heldNanos)
  const asked = priceable(request)
  const inputBound = asked.inputBound + (ask.ceiling === undefined ? CEILING_BYTES : 0)
  return maxTokensThatFit(request.route.price, { ...asked, inputBound }, Math.max(0, Math.min(...left)))
}

/** What the call can cost at most; `input` for a prompt of another length. */
export function moneyBound(request: FastifyRequest, input?: number): number {
  return boundNanos(request.route.price, priceable(request, input))
}

function priceable(
  { call, edits, route, countedInput = Number.POSITIVE_INFINITY }: FastifyRequest,
  input = Number.POSITIVE_INFINITY,
): Priceable {
  const { ask } = call
  // Whoever counted has counted the images too.
  const inputBound = Math.min(largestInput(route.price, ask), countedInput, input)
  return { ...ask, inputBound, images: 0, ceiling: edits.ceiling ?? ask.ceiling }
}

/** Features that an SDK goes on without, each with the maker's own error code that it looks for. */
const DISPENSABLE: ReadonlyMap<string, string> = new Map([['thread', 'thread_unsupported_request']])

function unbounded({ feature, opening }: { feature: string; opening: string }, client: string): Refusal {
  const makersCode = DISPENSABLE.get(feature)
  return refusal(
    'unbounded_feature',
    `${feature} makes the cost of a call unbounded, and client ${client} is bound by a budget; ` +
      `leave it out, or have the client's setting allow: ["${opening}"].`,
    // The feature may be named in the caller's own words.
    {
      details: {
        ...(makersCode && { error_code: makersCode, gateway_code: 'unbounded_feature' }),
        feature,
        allow: opening,
      },
      reason: `a feature without a bound: ${opening}`,
    },
  )
}
