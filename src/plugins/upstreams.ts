/** Where calls go: a vendor is data. Each has one pool of connections and the one real key. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Pool } from 'undici'
import { type Circuits, createCircuits } from '../circuits.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { openPool } from '../upstream.ts'

export interface Upstream {
  name: string
  pool: Pool
  /** Path in front of the route's own, from the base URL. */
  prefix: string
  /** Where it is, for those who watch. */
  server: { address: string; port: number }
  /** By model: whether the upstream refuses our key or account. */
  circuits: Circuits
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
      all(): Upstream[]
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
        authorize(family, headers): Record<string, string> {
          return family === 'openai' || takesBearer(headers['anthropic-version'])
            ? { authorization: `Bearer ${key()}` }
            : { 'x-api-key': key() ?? '' }
        },
      }
    }
  },
  { name: 'upstreams', dependencies: ['health'] },
)

/** Anthropic's first API version that takes its keys as bearer tokens. */
const FIRST_BEARER = '2026-10-21'

/** The header may be a list. What is no version is for the provider to refuse, not for our key to fail by. */
function takesBearer(versions: string | string[] = ''): boolean {
  const listed = String(versions).split(',')
  return listed.every(one => /^\d{4}-\d\d-\d\d$/.test(one.trim()) && one.trim() >= FIRST_BEARER)
}
