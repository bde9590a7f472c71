/**
 * Chooses the targets of a call: upstreams that serve the requested model, each with the price there. A model without a price
 * has no bound, so it is not forwarded.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { refusal } from '../errors.ts'
import { missingPrice } from '../pricing/bound.ts'
import { didYouMean } from '../pricing/nearest.ts'
import type { Price, PriceTable } from '../pricing/price.ts'
import { hashPromptStart } from '../requests/prompt-start.ts'
import { ordered } from '../upstreams/order.ts'
import type { Candidate, Plan } from '../upstreams/routing.ts'
import { hashText } from '../upstreams/text-hash.ts'
import { isOpenFor, type Upstream } from '../upstreams/upstream.ts'

/** An upstream that may serve this call. */
export interface Target {
  candidate: Candidate
  upstream: Upstream
  price: Price
  /** The table at the admission. The call is priced with it even if a newer one is loaded. */
  table: PriceTable
}

declare module 'fastify' {
  interface FastifyRequest {
    plan: Plan
    /** All targets of the call, in the order in which they are tried. */
    targets: readonly Target[]
    /** The target of the running attempt; before the first, the preferred one. */
    route: Target
  }
}

export default fp(
  async app => {
    app.decorateRequest('plan')
    app.decorateRequest('targets')
    app.decorateRequest('route')
    app.onReservation(function chooseRoute(request) {
      const { client, call } = request
      const { model } = call.parsed
      const now = new Date(app.clock.now())
      if (!client.models.allows(app.prices.table.namesOf(model))) throw notAllowed(request, now)
      const plan = app.upstreams.plan(model, call.dialect)
      if (!plan) throw notServed(request, now)
      request.plan = plan
      request.targets = targetsOf(request, plan, now)
      request.route = request.targets[0]!
      return undefined
    })

    function notAllowed(request: FastifyRequest, now: Date) {
      const { client, call } = request
      const { model } = call.parsed
      const hint = app.prices.table.names.has(model) ? '' : didYouMean(model, usable(request, now))
      return refusal(
        'model_not_allowed',
        `${call.dialect.format.noAccess(model)}: client ${client.name} may not use it.${hint} ` +
          'GET /v1/models lists the models that are allowed.',
        { details: { model, client: client.name } },
      )
    }

    function notServed(request: FastifyRequest, now: Date) {
      const { dialect, parsed } = request.call
      const { table } = app.prices
      if (table.find(parsed.model, now)) return unknown(parsed.model, '', ` on ${dialect.path}`)
      if (table.names.has(parsed.model)) return notOnSale(parsed.model)
      return unknown(parsed.model, didYouMean(parsed.model, usable(request, now)))
    }

    /** The models that this client could use for this call. */
    function usable({ client, call }: FastifyRequest, now: Date): string[] {
      const { table } = app.prices
      return app.upstreams.names().filter(id => {
        const plan = client.models.allows(table.namesOf(id)) && app.upstreams.plan(id, call.dialect)
        return plan ? plan.candidates.some(({ table: own, model }) => own.find(model, now)) : false
      })
    }
  },
  {
    name: 'models',
    dependencies: ['auth', 'call', 'clock', 'prices', 'reservations', 'upstreams'],
    decorators: {
      fastify: ['clock', 'onReservation', 'prices', 'upstreams'],
      request: ['bodyScan', 'call', 'client', 'rawBody'],
    },
  },
)

/** The targets in the order in which they are tried. One that has no price for this request is left out. */
function targetsOf(request: FastifyRequest, plan: Plan, now: Date): Target[] {
  const { parsed, dialect } = request.call
  const targets: Target[] = []
  let unpricedPart: string | undefined
  for (const candidate of ordered(plan, () => stickyHash(request, plan))) {
    const { upstream, table } = candidate
    const price = table.find(candidate.model, now)
    const missing = price && dialect.paid ? missingPrice(price, parsed) : undefined
    if (price && missing === undefined) targets.push({ candidate, upstream, price, table })
    else unpricedPart ??= missing
  }
  if (targets.length > 0) return targets
  throw unpricedPart === undefined ? notOnSale(plan.candidates[0]!.model) : unpriced(unpricedPart)
}

/** True: neither failures nor refused keys keep calls away from the target. */
export function isAvailable({ upstream, price }: Target): boolean {
  return isOpenFor(upstream, price.model)
}

/**
 * The order for a free call. Targets with an open circuit come last, because a free call does not probe; they still come,
 * because a provider accepts it in spite of an unpaid bill.
 */
export function availableFirst(targets: readonly Target[]): readonly Target[] {
  const { available = [], away = [] } = Object.groupBy(targets, target =>
    isAvailable(target) ? 'available' : 'away',
  )
  return [...available, ...away]
}

/** Equal for calls that should be served by the same target. */
function stickyHash({ client, call, rawBody, bodyScan }: FastifyRequest, { sticky }: Plan): number {
  const hash = hashText(client.id)
  if (sticky === 'client') return hash
  const { promptCacheKey } = call.parsed
  if (promptCacheKey !== undefined) return hashText(promptCacheKey, hash)
  return hashPromptStart(rawBody, bodyScan.members, call.dialect.promptMembers, hash)
}

function notOnSale(model: string) {
  return unpriced(`model: ${model} is not on sale yet: it`)
}

function unknown(model: string, hint: string, where = '') {
  return refusal(
    'model_not_found',
    `model: ${model} is not known here${where}.${hint} ` +
      'GET /v1/models lists the known models; a new model needs a price in PRICES_FILE.',
    {
      details: { model },
    },
  )
}

function unpriced(what: string) {
  return refusal(
    'model_not_priced',
    `${what} has no price here, so the call's cost has no bound; add it to PRICES_FILE.`,
    // The message may quote the request.
    { reason: 'the model or a requested option has no price' },
  )
}
