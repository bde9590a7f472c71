/** The upstreams and the routes to them: from the environment, or from UPSTREAMS_FILE, which is read again when it changes. */

import { unwatchFile, watchFile } from 'node:fs'
import fp from 'fastify-plugin'
import type { Dialect } from '../dialects/dialect.ts'
import type { PriceTable } from '../pricing/price.ts'
import { loadUpstreams, type ReadKey } from '../upstreams/file/load.ts'
import type { RouteEntry, UpstreamEntry } from '../upstreams/file/schema.ts'
import { createRouting, type Plan, type Routing } from '../upstreams/routing.ts'
import { circuitsOf, connectUpstream, type Upstream, type UpstreamSettings } from '../upstreams/upstream.ts'

declare module 'fastify' {
  interface FastifyInstance {
    upstreams: {
      /** The upstreams that may serve this model in this dialect; undefined: none does. */
      plan(model: string, dialect: Dialect): Plan | undefined
      /** Every name that a caller may ask for, sorted: models of the price tables, and aliases. Some may have no upstream. */
      names(): readonly string[]
      routes(): readonly RouteEntry[]
      all(): readonly Upstream[]
      /** The fault of the file, while the previous upstreams stay in force. */
      readonly fault: string | undefined
    }
  }
}

export interface UpstreamsOptions {
  /** Without a file: those of the environment. */
  fromEnvironment: readonly UpstreamSettings[]
  file: string | undefined
  readKey: ReadKey
  /** The longest silence of a response, ms. */
  timeoutMs: number
}

/** Milliseconds. The file is polled, because a mounted file is often a symbolic link whose target changes. */
const LOOK_EVERY = 1000
/** Milliseconds that a call may wait in the gateway before its first attempt: more than the highest `limits.maxWaitMs`. */
const LONGEST_WAIT = 15_000

interface InForce {
  upstreams: readonly Upstream[]
  routes: readonly RouteEntry[]
}

export default fp<UpstreamsOptions>(
  async (app, { fromEnvironment, file, readKey, timeoutMs }) => {
    let inForce: InForce = { upstreams: [], routes: [] }
    let known: { routing: Routing; table: PriceTable; of: InForce } | undefined
    let fault: string | undefined
    let identities = new Map<string, Upstream>()
    const watched = new Set<string>()
    /** Upstreams that are no longer in the file, each with the timer that closes its connections. */
    const retired = new Map<Upstream, NodeJS.Timeout>()
    /** Of every upstream since the start, by name. */
    const attempts = new Map<string, Upstream['attempts']>()
    let loading = Promise.resolve()

    if (file === undefined)
      use({ upstreams: fromEnvironment.map(one => connectUpstream(one, timeoutMs)), routes: [] })
    else await load(file)

    app.decorate('upstreams', {
      plan: (model, dialect) => routing().plan(model, dialect),
      names: () => routing().names,
      routes: () => inForce.routes,
      all: () => inForce.upstreams,
      // biome-ignore lint/plugin: created once.
      get fault() {
        return fault
      },
    })
    if (file !== undefined) watch(file)
    app.addHook('onClose', async () => {
      for (const name of watched) unwatchFile(name, reload)
      for (const timer of retired.values()) clearTimeout(timer)
      await Promise.all([...inForce.upstreams, ...retired.keys()].map(({ pool }) => pool.destroy()))
    })

    /** Rebuilt after a change of the prices, because they name the makers of the models. */
    function routing(): Routing {
      const { table } = app.prices
      if (known?.table !== table || known.of !== inForce)
        known = {
          table,
          of: inForce,
          routing: createRouting({ ...inForce, tableOf, prices: table }),
        }
      return known.routing
    }

    function tableOf({ settings }: { settings: Pick<UpstreamEntry, 'prices' | 'type'> }): PriceTable {
      return app.prices.forUpstream(settings.prices, settings.type)
    }

    /** Upstreams that have not changed keep their connections and circuits. Running calls of the others go on. */
    async function load(name: string): Promise<void> {
      const { upstreams, routes, keyFiles } = await loadUpstreams(name, app.prices.table, readKey, settings =>
        tableOf({ settings }),
      )
      const next = new Map<string, Upstream>()
      for (const { identity, ...settings } of upstreams) {
        for (const secret of settings.secrets) app.redactor.add(secret() ?? '')
        const connected = identities.get(identity)
        next.set(identity, connected ?? connectUpstream(settings, timeoutMs, attemptsOf(settings.name)))
      }
      for (const [identity, upstream] of identities) if (!next.has(identity)) retire(upstream)
      identities = next
      use({ upstreams: [...next.values()], routes })
      for (const one of keyFiles) watch(one)
    }

    function attemptsOf(name: string): Upstream['attempts'] {
      const known = attempts.get(name) ?? { running: 0 }
      attempts.set(name, known)
      return known
    }

    /** Calls that have chosen it may still wait for their first attempt or for the next one. */
    function retire(upstream: Upstream) {
      const close = () => {
        retired.delete(upstream)
        void upstream.pool.close()
      }
      retired.set(upstream, setTimeout(close, timeoutMs + LONGEST_WAIT).unref())
    }

    function use(next: InForce) {
      for (const { name } of inForce.upstreams) app.optionalParts.delete(`upstream:${name}`)
      for (const upstream of next.upstreams)
        app.optionalParts.set(`upstream:${upstream.name}`, () =>
          circuitsOf(upstream).every(({ state }) => state === 'closed'),
        )
      inForce = next
    }

    function watch(name: string) {
      if (watched.has(name)) return
      watched.add(name)
      watchFile(name, { interval: LOOK_EVERY, persistent: false }, reload)
    }

    /** One after the other, so that the last change wins. */
    function reload() {
      loading = loading.then(readAgain)
    }

    async function readAgain() {
      if (file === undefined) return
      try {
        await load(file)
        fault = undefined
        app.log.info({ upstreams: inForce.upstreams.map(({ name }) => name) }, 'upstreams were read again')
      } catch (error) {
        fault = error instanceof Error ? error.message : String(error)
        app.log.error({ fault }, 'UPSTREAMS_FILE is faulty; the previous upstreams stay in force')
      }
    }
  },
  {
    name: 'upstreams',
    dependencies: ['health', 'prices', 'secrets'],
    decorators: { fastify: ['optionalParts', 'prices', 'redactor'] },
  },
)
