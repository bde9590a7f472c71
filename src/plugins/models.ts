/** May they use this model, where does it go, what does it cost. What has no price has no bound, and is never forwarded. */

import fp from 'fastify-plugin'
import { refusal } from '../errors.ts'
import { missingPrice, type Price, type PriceTable } from '../prices/price.ts'
import type { Upstream } from './upstreams.ts'

export interface Route {
  upstream: Upstream
  price: Price
  /** The table the call was decided with: it is priced with the same one, whatever is loaded meanwhile. */
  table: PriceTable
}

declare module 'fastify' {
  interface FastifyRequest {
    route: Route
  }
}

/** Names that belong to a maker whose models we know: such a model exists, it just has no price here. */
const FAMILIAR = /^(claude|gpt|chatgpt|o\d|text-embedding|codex)-?/

export default fp(
  async app => {
    app.decorateRequest('route')
    app.onDecision(function chooseRoute(request) {
      const { client, call } = request
      const { model } = call.ask
      if (!client.models.allows(model)) {
        throw refusal('model_not_allowed', `Client ${client.name} may not use model ${model}.`, {
          details: { model, client: client.name },
        })
      }
      const { table } = app.prices
      const price = table.find(model, new Date())
      if (!price) throw FAMILIAR.test(model) ? unpriced(`model: ${model}`) : unknown(model)
      const upstream = app.upstreams.choose(price.maker, call.dialect.family)
      if (!upstream) throw unknown(model, ` on ${call.dialect.path}`)
      const missing = missingPrice(price, call.ask)
      if (missing && call.dialect.paid) throw unpriced(missing)
      request.route = { upstream, price, table }
    })
  },
  { name: 'models', dependencies: ['claims', 'prices', 'upstreams'] },
)

function unknown(model: string, where = '') {
  return refusal(
    'model_not_found',
    `model: ${model} is not known here${where}; GET /v1/models lists those that are.`,
    {
      details: { model },
    },
  )
}

function unpriced(what: string) {
  return refusal(
    'model_not_priced',
    `${what} has no price here, so the call's cost has no bound; add it to PRICES_FILE.`,
  )
}
