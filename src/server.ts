/** The process: configuration, servers, app, listening, and leaving with grace. */

import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { type Config, parseConfig, readEnvironment } from './config.ts'
import { drain } from './drain.ts'
import { startEmbedded } from './embedded/index.ts'
import { createLogger } from './logger.ts'
import { ownSecrets } from './own-secrets.ts'
import { readPrices } from './prices/read.ts'
import { createRedactor } from './redactor.ts'
import { storeUrls } from './store-urls.ts'

try {
  await start(configured(readEnvironment()))
} catch (error) {
  // What stands in the way of starting is one clear line each, not a stack.
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}

interface Configured {
  config: Config
  urls: ReturnType<typeof storeUrls>
}

/** The configuration, or all that is wrong with it and with the files it names, at once. */
function configured(env: ReturnType<typeof readEnvironment>): Configured {
  const faults: string[] = []
  const attempt = <T>(read: () => T) => {
    try {
      return read()
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }
  const config = attempt(() => parseConfig(env))
  const urls = attempt(() => config && storeUrls(config))
  attempt(() => readPrices(env.PRICES_FILE || undefined))
  if (config && urls && faults.length === 0) return { config, urls }
  throw new Error(faults.join('\n'))
}

async function start({ config, urls }: Configured) {
  // Until it serves there is nothing to drain; as a container's first process it would not even hear the signal.
  process.once('SIGTERM', leaveAtOnce)
  const redactor = createRedactor(ownSecrets(config))
  const logger = createLogger(config.LOG_LEVEL, undefined, redactor.text)
  const stores = await startEmbedded({ dataDir: config.DATA_DIR, ...urls, log: logger })
  const app = await buildApp(config, stores, logger, redactor)

  closeWithGrace({ delay: false, logger: false }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'the gateway cannot go on')
    await drain(app, { delayMs: config.DRAIN_DELAY_SECONDS * 1000, limitMs: config.DRAIN_SECONDS * 1000 })
    await stores.stop()
  })
  process.off('SIGTERM', leaveAtOnce)

  await app.listen({ host: config.HOST, port: config.PORT })
}

function leaveAtOnce() {
  process.exit(0)
}
