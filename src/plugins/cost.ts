/** The cost of a call. A call without a final usage is charged by the rules of docs/money.md. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { UsagePart } from '../dialects/dialect.ts'
import { costNanos, knownParts } from '../pricing/cost.ts'
import { formatUsdPlain } from '../pricing/money.ts'
import { type Estimate, theHold } from './estimate.ts'
import type { Target } from './models.ts'

export interface Cost {
  nanos: number
  /** Tokens charged to the token buckets, without those read from the provider's cache. Undefined: the reserved ones. */
  tokens: number | undefined
  /** True if there was no final usage, or no price for it. */
  estimated: boolean
  /** The estimate in words, for the log and the dashboard. */
  how?: string
  /** The model or tier that had no price. */
  unpriced: string | undefined
  /** The model that the response names, where it is unknown. */
  unknownModel?: string
  /** The upstream's own cost minus the price of its usage, if positive. */
  shortfallNanos?: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The cost of the present attempt, or of the last one. */
    costOf(request: FastifyRequest): Cost
  }
  interface FastifyRequest {
    cost: Cost | undefined
    /** Nano-dollars that earlier attempts of the call were charged. */
    chargedNanos: number
  }
}

export default fp(
  async app => {
    app.decorateRequest('cost')
    app.decorateRequest('chargedNanos', 0)
    app.decorate('costOf', costOf)
    app.addHook('onSend', function setCostHeader(request, reply, _payload, done) {
      if (request.attempt) {
        request.cost = costOf(request)
        reply.header('x-tollgate-cost-usd', formatUsdPlain(request.chargedNanos + request.cost.nanos))
      }
      done()
    })
    app.onCallEnd('price', function priceCall(request) {
      if (!request.hold) return
      request.cost ??= costOf(request)
      const { unpriced } = request.cost
      if (unpriced !== undefined)
        app.log.warn(
          { reqId: request.id, unpriced },
          "a response names something without a price; it is charged at the requested model's price, or its hold",
        )
    })

    function costOf(request: FastifyRequest): Cost {
      const { admitted, call, attempt, measured } = request
      if (!attempt?.sent || attempt.charged || attempt.refused || measured?.refused) return FREE
      const at = new Date(admitted?.at ?? app.clock.now())
      const cost = measured?.usage ? usageCost(request, measured.usage, at) : estimated(app.estimate(request))
      return call.dialect.paid ? atLeast(cost, measured?.statedNanos) : cost
    }
  },
  {
    name: 'cost',
    dependencies: ['call', 'clock', 'estimate', 'lifecycle', 'models', 'reservations', 'usage'],
    decorators: { fastify: ['clock', 'estimate', 'onCallEnd'], request: ['call', 'measured', 'route'] },
  },
)

const FREE: Cost = { nanos: 0, tokens: 0, estimated: false, unpriced: undefined }

/** The price of a final usage. A model without a price is charged at the price of the requested model. */
function usageCost(request: FastifyRequest, usage: readonly UsagePart[], at: Date): Cost {
  const { call, route } = request
  const named = ownNames(usage, route)
  const tokens = usage.reduce((sum, part) => sum + tokensOf(part), 0)
  if (!call.dialect.paid) return { ...FREE, tokens }
  const { parts, unknown } = knownParts(route.table, named, route.price.model, at)
  const price = costNanos(route.table, parts, at)
  if (!('nanos' in price)) return { ...estimated(theHold(request)), tokens, unpriced: price.unpriced }
  const { nanos } = price
  if (unknown === undefined) return { nanos, tokens, estimated: false, unpriced: undefined }
  const how = `at the price of ${route.price.model}`
  return { nanos, tokens, estimated: true, how, unpriced: `model ${unknown}`, unknownModel: unknown }
}

/** A deployment has a name of its own, which the price table does not know. */
function ownNames(usage: readonly UsagePart[], { candidate, price }: Target): readonly UsagePart[] {
  const { sentModel } = candidate
  if (sentModel === undefined) return usage
  return usage.map(part => (part.model === sentModel ? { ...part, model: price.model } : part))
}

/** An aggregator's own cost is charged if it is higher than the price of the usage. */
function atLeast(cost: Cost, statedNanos = 0): Cost {
  if (statedNanos <= cost.nanos) return cost
  return { ...cost, nanos: statedNanos, shortfallNanos: statedNanos - cost.nanos }
}

function tokensOf({ input, cacheWrite5m, cacheWrite1h, cacheWriteOther, output }: UsagePart): number {
  return input + cacheWrite5m + cacheWrite1h + cacheWriteOther + output
}

function estimated({ nanos, tokens, how }: Estimate): Cost {
  return { nanos, tokens, estimated: true, how, unpriced: undefined }
}
