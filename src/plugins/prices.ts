/**
 * The price tables: the public list and the built-in prices, merged with the operator's file, which is read again when it
 * changes, and with the prices of each upstream.
 */

import { unwatchFile, watchFile } from 'node:fs'
import fp from 'fastify-plugin'
import type { UpstreamPrices } from '../pricing/file.ts'
import type { PriceTable } from '../pricing/price.ts'
import { openPrices, type Prices, upstreamTable } from '../pricing/read.ts'

declare module 'fastify' {
  interface FastifyInstance {
    prices: {
      /** Replaced as a whole when the file changes. */
      readonly table: PriceTable
      /** The fault of the file, while the previous table stays in force. */
      readonly fault: string | undefined
      /**
       * The table of an upstream, by its prices and its type; without both it is `table`. It is built at the first call
       * after a change. Throws an Error with one line per fault of `prices`. If prices that were valid contradict a changed
       * file, their previous table stays in force.
       */
      forUpstream(prices: UpstreamPrices | undefined, type?: string): PriceTable
    }
  }
}

/** Milliseconds. The file is polled, because a mounted file is often a symbolic link whose target changes. */
const LOOK_EVERY = 1000

/** By the type of the upstream. */
type Tables = Map<string | undefined, { from: Prices; table: PriceTable }>

export default fp<{ file: string | undefined }>(
  async (app, { file }) => {
    let prices = openPrices(file)
    let table = upstreamTable(prices(undefined))
    let fault: string | undefined
    const built = new WeakMap<UpstreamPrices, Tables>()
    app.decorate('prices', {
      // biome-ignore lint/plugin: created once.
      get table() {
        return table
      },
      // biome-ignore lint/plugin: created once.
      get fault() {
        return fault
      },
      forUpstream,
    })
    if (file === undefined) return
    watchFile(file, { interval: LOOK_EVERY, persistent: false }, reload)
    app.addHook('onClose', async () => unwatchFile(file, reload))

    function forUpstream(own: UpstreamPrices | undefined, type?: string): PriceTable {
      if (!own) return upstreamTable(prices(type))
      const tables: Tables = built.get(own) ?? new Map()
      built.set(own, tables)
      const earlier = tables.get(type)
      if (earlier?.from === prices) return earlier.table
      const next = earlier ? rebuilt(own, type, earlier.table) : upstreamTable(prices(type), own)
      tables.set(type, { from: prices, table: next })
      return next
    }

    /** The prices of an upstream were valid with the previous file, so a fault is that of the file. */
    function rebuilt(own: UpstreamPrices, type: string | undefined, previous: PriceTable): PriceTable {
      try {
        return upstreamTable(prices(type), own)
      } catch (error) {
        fault = textOf(error)
        app.log.error(
          { fault },
          'PRICES_FILE contradicts the prices of an upstream; its previous prices stay in force',
        )
        return previous
      }
    }

    function reload() {
      try {
        const next = openPrices(file)
        table = upstreamTable(next(undefined))
        prices = next
        fault = undefined
        app.log.info({ version: table.version }, 'prices were read again')
      } catch (error) {
        fault = textOf(error)
        app.log.error({ fault }, 'PRICES_FILE is faulty; the previous prices stay in force')
      }
    }
  },
  { name: 'prices' },
)

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
