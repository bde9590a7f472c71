/** The process: configuration, servers, app, listening, and leaving with grace. */

import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { type Config, parseConfig, readEnvironment } from './config.ts'
import { drain } from './drain.ts'
import { startEmbedded } from './embedded/index.ts'
import { createLogger } from './logger.ts'
import { readPrices } from './prices/read.ts'
import { parseRedisUrl } from './redis-url.ts'

try {
  await start(configured(readEnvironment()))
} catch (error) {
  // What stands in the way of starting is one clear line each, not a stack.
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}

/** The configuration, or all that is wrong with it and with the files it names, at once. */
function configured(env: ReturnType<typeof readEnvironment>): Config {
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
  attempt(() => config?.REDIS_URL && parseRedisUrl(config.REDIS_URL))
  attempt(() => readPrices(env.PRICES_FILE || undefined))
  if (config && faults.length === 0) return config
  throw new Error(faults.join('\n'))
}

async function start(config: Config) {
  const logger = createLogger(config.LOG_LEVEL)
  const stores = await startEmbedded({
    dataDir: config.DATA_DIR,
    redisUrl: config.REDIS_URL,
    databaseUrl: config.DATABASE_URL,
    log: logger,
  })
  const app = await buildApp(config, stores, logger)

  closeWithGrace({ delay: false, logger: false }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'the gateway cannot go on')
    await drain(app, { delayMs: config.DRAIN_DELAY_SECONDS * 1000, limitMs: config.DRAIN_SECONDS * 1000 })
    await stores.stop()
  })

  await app.listen({ host: config.HOST, port: config.PORT })
}
