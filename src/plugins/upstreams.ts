/** Where calls go: a vendor is data. Each has one pool of connections and the one real key. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Pool } from 'undici'
import type { Format } from '../dialects/dialect.ts'
import { type Circuits, createCircuits } from '../upstreams/circuits.ts'
import { openPool } from '../upstreams/connection.ts'

export interface Upstream {
  name: string
  pool: Pool
  /** Path in front of the route's own, from the base URL. */
  prefix: string
  /** Its origin, for the log, metrics and the admin API. */
  server: { address: string; port: number }
  /** By model: whether the upstream refuses our key or account. */
  circuits: Circuits
  /** The key's header, in the form this wire format and version expect. */
  authorize(format: Format, headers: FastifyRequest['headers']): Record<string, string>
}

export interface Vendor {
  name: string
  baseUrl: string
  /** The key in force now; undefined at the start: this vendor is not there. */
  key: () => string | undefined
  /** The providers whose models it serves, and the formats that it speaks. Undefined: all. */
  makers?: readonly string[]
  formats?: readonly string[]
}

declare module 'fastify' {
  interface FastifyInstance {
    upstreams: {
      /** The most direct upstream that serves this maker's models on this wire format. */
      choose(maker: string, format: Format): Upstream | undefined
      all(): Upstream[]
    }
  }
}

export default fp<{ vendors: Vendor[]; timeoutMs: number }>(
  async (app, { vendors, timeoutMs }) => {
    const open = vendors.flatMap(vendor => (vendor.key() ? [{ vendor, upstream: connect(vendor) }] : []))
    app.decorate('upstreams', {
      choose: (maker, { name }) =>
        open.find(
          ({ vendor: { makers, formats } }) =>
            (makers?.includes(maker) ?? true) && (formats?.includes(name) ?? true),
        )?.upstream,
      all: () => open.map(({ upstream }) => upstream),
    })
    for (const { upstream } of open)
      app.optionalParts.set(`upstream:${upstream.name}`, () =>
        upstream.circuits.states().every(({ state }) => state === 'closed'),
      )
    app.addHook('onClose', async () => {
      await Promise.all(open.map(({ upstream }) => upstream.pool.destroy()))
    })

    function connect({ name, baseUrl, key }: Vendor): Upstream {
      const { hostname, origin, pathname, port, protocol } = new URL(baseUrl)
      const prefix = pathname.replace(/\/$/, '')
      return {
        name,
        prefix,
        server: { address: hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)) },
        circuits: createCircuits(),
        pool: openPool(origin, timeoutMs),
        authorize: (format, headers) => format.authorize(key() ?? '', headers),
      }
    }
  },
  { name: 'upstreams', dependencies: ['health'] },
)
