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
  /** The key's header, in the form this wire format and version expect. */
  authorize(family: Dialect['family'], headers: FastifyRequest['headers']): Record<string, string>
}

export interface Vendor {
  name: string
  baseUrl: string
  /** The key in force now; undefined at the start: this vendor is not there. */
  key: () => string | undefined
  /** Which makers' models it serves, and on which wire formats; undefined: all. */
  maker?: Dialect['family']
}

declare module 'fastify' {
  interface FastifyInstance {
    upstreams: {
      /** The most direct upstream that serves this maker's models on this wire format. */
      choose(maker: string, family: Dialect['family']): Upstream | undefined
    }
  }
}

export default fp<{ vendors: Vendor[]; timeoutMs: number }>(
  async (app, { vendors, timeoutMs }) => {
    const open = vendors.flatMap(vendor => (vendor.key() ? [{ vendor, upstream: connect(vendor) }] : []))
    app.decorate('upstreams', {
      choose: (maker, family) =>
        open.find(({ vendor }) => !vendor.maker || (vendor.maker === maker && vendor.maker === family))
          ?.upstream,
    })
    app.addHook('onClose', async () => {
      await Promise.all(open.map(({ upstream }) => upstream.pool.destroy()))
    })

    function connect({ name, baseUrl, key }: Vendor): Upstream {
      const { origin, pathname } = new URL(baseUrl)
      const prefix = pathname.replace(/\/$/, '')
      return {
        name,
        prefix,
        pool: openPool(origin, timeoutMs),
        // Anthropic's first API version takes the key as x-api-key, later ones as a bearer token.
        authorize(family, headers): Record<string, string> {
          const version = headers['anthropic-version'] ?? '2023-06-01'
          if (family === 'anthropic' && version === '2023-06-01') return { 'x-api-key': key() ?? '' }
          return { authorization: `Bearer ${key()}` }
        },
      }
    }
  },
  { name: 'upstreams' },
)
