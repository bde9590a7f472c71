/** The upstreams and the routes to them: from the environment, or from UPSTREAMS_FILE, which is read again when it changes. */

import fp from 'fastify-plugin'
import type { Dialect } from '../dialects/dialect.ts'
import type { PriceTable } from '../pricing/price.ts'
import type { RouteEntry } from '../upstreams/file.ts'
import { createRouting, type Plan, type Routing } from '../upstreams/routing.ts'
import { circuitsOf, connectUpstream, type Upstream, type UpstreamSettings } from '../upstreams/upstream.ts'

declare module 'fastify' {
  interface FastifyInstance {
    upstreams: {
      /** The upstreams that may serve this model in this dialect; undefined: none does. */
      plan(model: string, dialect: Dialect): Plan | undefined
      /** The names of routes that are not names of models. */
      aliases(): readonly string[]
      all(): readonly Upstream[]
    }
  }
}

export interface UpstreamsOptions {
  upstreams: readonly UpstreamSettings[]
  routes: readonly RouteEntry[]
  /** The longest silence of a response, ms. */
  timeoutMs: number
}

export default fp<UpstreamsOptions>(
  async (app, { upstreams, routes, timeoutMs }) => {
    const open = upstreams.map(settings => connectUpstream(settings, timeoutMs))
    let known: { routing: Routing; table: PriceTable } | undefined

    /** Made anew after a change of the prices, which name the makers of the models. */
    function routing(): Routing {
      const { table } = app.prices
      if (known?.table !== table)
        known = {
          table,
          routing: createRouting({ upstreams: open, routes, tableOf: () => table, names: table.names }),
        }
      return known.routing
    }

    app.decorate('upstreams', {
      plan: (model, dialect) => routing().plan(model, dialect),
      aliases: () => routing().aliases,
      all: () => open,
    })
    for (const upstream of open)
      app.optionalParts.set(`upstream:${upstream.name}`, () =>
        circuitsOf(upstream).every(({ state }) => state === 'closed'),
      )
    app.addHook('onClose', async () => {
      await Promise.all(open.map(({ pool }) => pool.destroy()))
    })
  },
  {
    name: 'upstreams',
    dependencies: ['health', 'prices'],
    decorators: { fastify: ['optionalParts', 'prices'] },
  },
)
