/** The process: configuration, servers, app, listening, and leaving with grace. */

import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { type Config, parseConfig, readEnvironment } from './config.ts'
import { drain } from './drain.ts'
import { startEmbedded } from './embedded/index.ts'
import { createLogger } from './logger.ts'

const config = configOrExit()
const logger = createLogger(config.LOG_LEVEL)
const embedded = await startEmbedded({
  dataDir: config.DATA_DIR,
  redis: config.REDIS_URL === undefined,
  postgres: config.DATABASE_URL === undefined,
  log: logger,
})
const app = await buildApp(
  config,
  {
    redisUrl: config.REDIS_URL ?? embedded.redisUrl,
    databaseUrl: config.DATABASE_URL ?? embedded.databaseUrl,
  },
  logger,
)

closeWithGrace({ delay: false, logger: app.log }, async ({ err }) => {
  if (err) app.log.fatal({ err }, 'the gateway cannot go on')
  await drain(app, { delayMs: config.DRAIN_DELAY_SECONDS * 1000, limitMs: config.DRAIN_SECONDS * 1000 })
  await embedded.stop()
})

await app.listen({ host: config.HOST, port: config.PORT })

function configOrExit(): Config {
  try {
    return parseConfig(readEnvironment())
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}
