/** What the call cost. A call without a final word on its usage is charged by rule, never by hope. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { UsagePart } from '../dialects/dialect.ts'
import { formatUsdPlain } from '../money.ts'
import { costNanos } from '../prices/price.ts'
import { type Estimate, theHold } from './estimate.ts'

export interface Cost {
  nanos: number
  /** Tokens charged to the token buckets: what was read from a provider's cache is not among them. Undefined: what was taken. */
  tokens: number | undefined
  /** No final usage came, or one without a price: the amount is by rule. */
  estimated: boolean
  /** How the estimate was made, for people. */
  how?: string
  /** The model or tier that had no price. */
  unpriced: string | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    cost: Cost | undefined
  }
}

export default fp(
  async app => {
    app.decorateRequest('cost')
    app.addHook('onSend', function sayCost(request, reply, _payload, done) {
      if (request.exchange) {
        request.cost = costOf(request)
        reply.header('x-tollgate-cost-usd', formatUsdPlain(request.cost.nanos))
      }
      done()
    })
    app.onSettled(function priceCall(request) {
      if (!request.claimed) return
      request.cost ??= costOf(request)
      const { unpriced } = request.cost
      if (unpriced !== undefined)
        app.log.warn(
          { reqId: request.id, unpriced },
          'an answer names what has no price here: its hold is charged',
        )
    })

    function costOf(request: FastifyRequest): Cost {
      const { exchange, measured, call, route } = request
      const free = { nanos: 0, tokens: 0, estimated: false, unpriced: undefined }
      if (!exchange?.sent || exchange.refused) return free
      if (!measured?.usage) return estimated(app.estimate(request))
      const tokens = measured.usage.reduce((sum, part) => sum + tokensOf(part), 0)
      if (!call.dialect.paid) return { ...free, tokens }
      const price = costNanos(route.table, measured.usage, new Date(request.admitted?.at ?? Date.now()))
      return 'nanos' in price
        ? { nanos: price.nanos, tokens, estimated: false, unpriced: undefined }
        : { ...estimated(theHold(request)), tokens, unpriced: price.unpriced }
    }
  },
  { name: 'cost', dependencies: ['usage', 'claims', 'estimate', 'models'] },
)

function tokensOf({ input, cacheWrite5m, cacheWrite1h, cacheWriteOther, output }: UsagePart): number {
  return input + cacheWrite5m + cacheWrite1h + cacheWriteOther + output
}

function estimated({ nanos, tokens, how }: Estimate): Cost {
  return { nanos, tokens, estimated: true, how, unpriced: undefined }
}
