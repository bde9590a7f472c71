/**
 * The price tables: the public list and the built-in prices, merged with the operator's file, which is read again when it
 * changes, and with the prices of each upstream.
 */

import { unwatchFile, watchFile } from 'node:fs'
import fp from 'fastify-plugin'
import type { UpstreamPrices } from '../pricing/file.ts'
import type { PriceTable } from '../pricing/price.ts'
import { readLayers, upstreamTable } from '../pricing/read.ts'

declare module 'fastify' {
  interface FastifyInstance {
    prices: {
      /** Replaced as a whole when the file changes. */
      readonly table: PriceTable
      /** The fault of the file, while the previous table stays in force. */
      readonly fault: string | undefined
      /**
       * The table of an upstream, by its prices and its type; without both it is `table`. Throws an Error with one line per
       * fault of `prices`. If prices that were valid contradict a changed file, their previous table stays in force.
       */
      forUpstream(prices: UpstreamPrices | undefined, type?: string): PriceTable
    }
  }
}

/** Milliseconds. The file is polled, because a mounted file is often a symbolic link whose target changes. */
const LOOK_EVERY = 1000

/** The tables of an upstream's prices, by type, with the plain table that they were built beside. */
type Built = Map<string | undefined, { plain: PriceTable; table: PriceTable }>

export default fp<{ file: string | undefined }>(
  async (app, { file }) => {
    let layers = new Map([[undefined as string | undefined, readLayers(file)]])
  },
  { name: 'prices' },
)
