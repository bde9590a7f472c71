/** The process: configuration, servers, app, listening, and leaving with grace. */

import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { type Config, parseConfig, readEnvironment } from './config.ts'
import { drain } from './drain.ts'
import { startEmbedded } from './embedded/index.ts'
import { createLogger } from './logger.ts'
import { storeUrls } from './store-urls.ts'

try {
  const config = parseConfig(readEnvironment())
  await start(config, storeUrls(config))
} catch (error) {
  // What stands in the way of starting is one clear line each, not a stack.
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}

async function start(config: Config, given: ReturnType<typeof storeUrls>) {
  // Until it serves there is nothing to drain; as a container's first process it would not even hear the signal.
  process.once('SIGTERM', leaveAtOnce)
  const logger = createLogger(config.LOG_LEVEL)
  const stores = await startEmbedded({ dataDir: config.DATA_DIR, ...given, log: logger })
  const app = await buildApp(config, stores, logger)

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
