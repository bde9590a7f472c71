/** The price table: built in, merged with the operator's file, which is read again when it changes. */

import { unwatchFile, watchFile } from 'node:fs'
import fp from 'fastify-plugin'
import type { PriceTable } from '../pricing/price.ts'
import { readPrices } from '../pricing/read.ts'

declare module 'fastify' {
  interface FastifyInstance {
    prices: {
      /** Replaced as a whole when the file changes. */
      readonly table: PriceTable
      /** The fault of the file, while the previous table stays in force. */
      readonly fault: string | undefined
    }
  }
}

/** Milliseconds. The file is polled, because a mounted file is often a symbolic link whose target changes. */
const LOOK_EVERY = 1000

export default fp<{ file: string | undefined }>(
  async (app, { file }) => {
    let table = readPrices(file)
    let fault: string | undefined
    app.decorate('prices', {
      // biome-ignore lint/plugin: created once.
      get table() {
        return table
      },
      // biome-ignore lint/plugin: created once.
      get fault() {
        return fault
      },
    })
    if (file === undefined) return
    watchFile(file, { interval: LOOK_EVERY, persistent: false }, reload)
    app.addHook('onClose', async () => unwatchFile(file, reload))

    function reload() {
      try {
        table = readPrices(file)
        fault = undefined
        app.log.info({ version: table.version }, 'prices were read again')
      } catch (error) {
        fault = error instanceof Error ? error.message : String(error)
        app.log.error({ fault }, 'PRICES_FILE is faulty; the previous prices stay in force')
      }
    }
  },
  { name: 'prices' },
)
