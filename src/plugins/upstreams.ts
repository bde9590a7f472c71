/** Where calls go: a vendor is data. Each has one pool of connections and the one real key. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Pool } from 'undici'
import type { Dialect } from '../dialects/dialect.ts'
import { openPool } from '../upstream.ts'

export interface Upstream {
  name: string
  pool: Pool
  /** Path in front of the route's own, from the base URL. */
  prefix: string
  /** Where it is, for those who watch. */
  server: { address: string; port: number }
  /** Models that it refuses us now: their breakers are open. */
  refusing: Set<string>
  /** The key's header, in the form this wire format and version expect. */
  authorize(family: Dialect['family'], headers: FastifyRequest['headers']): Record<string, string>
}

export interface Vendor {
  name: string
  baseUrl: string
  key: string | undefined
  /** Which makers' models it serves, and on which wire formats; undefined: all. */
  maker?: Dialect['family']
}

declare module 'fastify' {
  interface FastifyInstance {
    upstreams: {
      /** The most direct upstream that serves this maker's models on this wire format. */
      choose(maker: string, family: Dialect['family']): Upstream | undefined
      all(): Upstream[]
    }
  }
}

export default fp<{ vendors: Vendor[]; timeoutMs: number }>(
  async (app, { vendors, timeoutMs }) => {
    const open = vendors.flatMap(vendor =>
      vendor.key ? [{ vendor, upstream: connect(vendor, vendor.key) }] : [],
    )
    app.decorate('upstreams', {
      choose: (maker, family) =>
        open.find(({ vendor }) => !vendor.maker || (vendor.maker === maker && vendor.maker === family))
          ?.upstream,
      all: () => open.map(({ upstream }) => upstream),
    })
    app.addHook('onClose', async () => {
      await Promise.all(open.map(({ upstream }) => upstream.pool.destroy()))
    })

    function connect({ name, baseUrl }: Vendor, key: string): Upstream {
      const { hostname, origin, pathname, port, protocol } = new URL(baseUrl)
      const prefix = pathname.replace(/\/$/, '')
      const bearer = { authorization: `Bearer ${key}` }
      const apiKey = { 'x-api-key': key }
      return {
        name,
        prefix,
        server: { address: hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)) },
        refusing: new Set(),
        pool: openPool(origin, timeoutMs),
        // Anthropic's first API version takes the key as x-api-key, later ones as a bearer token.
        authorize: (family, headers) =>
          family === 'anthropic' && (headers['anthropic-version'] ?? '2023-06-01') === '2023-06-01'
            ? apiKey
            : bearer,
      }
    }
  },
  { name: 'upstreams' },
)
