/** The upstreams of this configuration. Each has one pool of connections and the one real key. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Pool } from 'undici'
import type { UpstreamSettings } from '../config/upstreams.ts'
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
  /** The circuits for a refused key or account, by model. */
  circuits: Circuits
  /** The key's header, in the form this wire format and version expect. */
  authorize(format: Format, headers: FastifyRequest['headers']): Record<string, string>
}

export interface UpstreamOptions extends UpstreamSettings {
  /** The key in force now. */
  key: () => string | undefined
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

/** `upstreams`: the most direct first. */
export default fp<{ upstreams: UpstreamOptions[]; timeoutMs: number }>(
  async (app, { upstreams, timeoutMs }) => {
    const open = upstreams.map(settings => ({ settings, upstream: connect(settings) }))
    app.decorate('upstreams', {
      choose: (maker, { name }) =>
        open.find(
          ({ settings: { makers, formats } }) =>
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

    function connect({ name, baseUrl, key }: UpstreamOptions): Upstream {
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
  { name: 'upstreams', dependencies: ['health'], decorators: { fastify: ['optionalParts'] } },
)
