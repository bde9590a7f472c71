/** Chooses the upstream and the price of the requested model. A model without a price has no bound, so it is not forwarded. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { refusal } from '../errors.ts'
import { missingPrice } from '../pricing/bound.ts'
import { didYouMean } from '../pricing/nearest.ts'
import type { Price, PriceTable } from '../pricing/price.ts'
import type { Upstream } from './upstreams.ts'

export interface Route {
  upstream: Upstream
  price: Price
  /** The table at the admission. The call is priced with it even if a newer one is loaded. */
  table: PriceTable
}

declare module 'fastify' {
  interface FastifyRequest {
    route: Route
  }
}

export default fp(
  async app => {
    app.decorateRequest('route')
    app.onReservation(function chooseRoute(request) {
      const { client, call } = request
      const { model } = call.parsed
      const { table } = app.prices
      const now = new Date(app.clock.now())
      if (!client.models.allows(table.namesOf(model))) {
        const hint = table.names.has(model) ? '' : didYouMean(model, usable(request, now))
        throw refusal(
          'model_not_allowed',
          `${call.dialect.format.noAccess(model)}: client ${client.name} may not use it.${hint} ` +
            'GET /v1/models lists the models that are allowed.',
          { details: { model, client: client.name } },
        )
      }
      const price = table.find(model, now)
      if (!price && table.names.has(model)) throw unpriced(`model: ${model} is not on sale yet: it`)
      if (!price) throw unknown(model, didYouMean(model, usable(request, now)))
      const upstream = app.upstreams.choose(price.maker, call.dialect.format)
      if (!upstream) throw unknown(model, '', ` on ${call.dialect.path}`)
      const missing = missingPrice(price, call.parsed)
      if (missing && call.dialect.paid) throw unpriced(missing)
      request.route = { upstream, price, table }
      return undefined
    })

    /** The models that this client could use for this call. */
    function usable({ client, call }: FastifyRequest, now: Date): string[] {
      const serves = (maker: string) => app.upstreams.choose(maker, call.dialect.format) !== undefined
      const { table } = app.prices
      const served = table.list(now).filter(({ price }) => serves(price.maker))
      return served.map(({ id }) => id).filter(id => client.models.allows(table.namesOf(id)))
    }
  },
  {
    name: 'models',
    dependencies: ['auth', 'call', 'clock', 'prices', 'reservations', 'upstreams'],
    decorators: { fastify: ['clock', 'onReservation', 'prices', 'upstreams'], request: ['call', 'client'] },
  },
)

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
