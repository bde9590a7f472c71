/** What the call cost. A call without a final word on its usage is charged by rule, never by hope. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Ask, Measured, UsagePart } from '../dialects/dialect.ts'
import { emptyPart } from '../dialects/usage.ts'
import { formatUsdPlain } from '../money.ts'
import { costNanos, dearerNames, type Price } from '../prices/price.ts'

export interface Cost {
  nanos: number
  /** Tokens charged to the token buckets: what was read from a provider's cache is not among them. Undefined: what was taken. */
  tokens: number | undefined
  /** No final usage came, or one without a price: the amount is by rule. */
  estimated: boolean
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
      const { exchange, measured, claims, call, route } = request
      const free = { nanos: 0, tokens: 0, estimated: false, unpriced: undefined }
      if (!exchange?.sent || exchange.refused) return free
      if (!measured?.usage) return estimate(request)
      const tokens = measured.usage.reduce((sum, part) => sum + tokensOf(part), 0)
      if (!call.dialect.paid) return { ...free, tokens }
      const price = costNanos(route.table, measured.usage, new Date(request.admitted?.at ?? Date.now()))
      return 'nanos' in price
        ? { nanos: price.nanos, tokens, estimated: false, unpriced: undefined }
        : { nanos: claims.nanos, tokens, estimated: true, unpriced: price.unpriced }
    }

    /** All that was sent and has no final usage costs the hold; only a stream whose whole output was seen is measured by it. */
    function estimate({ admitted, call, claims, measured, exchange, route }: FastifyRequest): Cost {
      const hold = { nanos: claims.nanos, tokens: undefined, estimated: true, unpriced: undefined }
      if (!call.ask.stream || call.ask.hiddenOutput || !exchange?.answering || !measured) return hold
      const seen = seenUsage(measured, call.ask, route.price)
      const price = costNanos(route.table, [seen], new Date(admitted?.at ?? Date.now()))
      if (!('nanos' in price) || route.price.hidesOutput) return hold
      const tokens = Math.min(tokensOf(seen), claims.tokens)
      return { ...hold, nanos: Math.min(price.nanos, claims.nanos), tokens }
    }
  },
  { name: 'cost', dependencies: ['usage', 'claims', 'models'] },
)

function tokensOf({ input, cacheWrite5m, cacheWrite1h, cacheWriteOther, output }: UsagePart): number {
  return input + cacheWrite5m + cacheWrite1h + cacheWriteOther + output
}

/** Input and tier as reported, else as guessed; output as reported or as received, whichever is more. */
function seenUsage({ partial, visibleBytes }: Measured, ask: Ask, price: Price): UsagePart {
  const start = { ...emptyPart(ask.model), input: Math.ceil(ask.inputGuess), ...partial }
  return { ...start, ...dearerNames(price, ask, partial), output: Math.max(start.output, visibleBytes) }
}
