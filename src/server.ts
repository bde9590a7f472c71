/** The process: reads the configuration, starts the embedded servers and the app, listens, and shuts down gracefully. */

import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { type Config, environment, readConfig, readEnvironment, readNames } from './config/config.ts'
import { misspelt } from './config/misspelt.ts'
import { ownSecrets } from './config/own-secrets.ts'
import { createRedactor } from './config/redactor.ts'
import { storeUrls } from './config/store-urls.ts'
import { missingServers } from './embedded/available.ts'
import { startEmbedded } from './embedded/index.ts'
import { loggedMessage } from './logged-error.ts'
import { readPrices } from './pricing/read.ts'
import { drain } from './process/drain.ts'
import { isOnTerminal, stopOnInterrupt } from './process/interrupt.ts'
import { summaryOf } from './process/summary.ts'
import { listenFault } from './start/listen-fault.ts'
import { createLogger } from './telemetry/logger.ts'

const hints = misspelt(readNames())
let redact = (text: string) => text

// Node would print all fields of the error, which may contain the data that a driver has sent.
process.once('uncaughtException', exitWithFault)
try {
  await start(await configured(readEnvironment()))
} catch (error) {
  exitWithFault(error)
}

/** Prints each fault of the start as one line, without a stack. */
function exitWithFault(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${redact(message)}\n`)
  process.exit(1)
}

interface Configured {
  config: Config
  urls: ReturnType<typeof storeUrls>
}

/** Returns the configuration, or throws all its faults at once, also those of its files. */
async function configured(env: ReturnType<typeof readEnvironment>): Promise<Configured> {
  const faults: string[] = []
  const attempt = <T>(read: () => T) => {
    try {
      return read()
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }
  const config = attempt(readConfig)
  const urls = attempt(() => config && storeUrls(config))
  attempt(() => readPrices(env.PRICES_FILE || undefined))
  const isUnset = (name: string) => !env[name] && !env[`${name}_FILE`]
  faults.push(
    ...(await missingServers({
      redis: isUnset('REDIS_URL'),
      postgres: isUnset('DATABASE_URL'),
      dataDir: config?.DATA_DIR ?? '.tollgate',
    })),
  )
  if (config && urls && faults.length === 0) return { config, urls }
  throw new Error([...faults, ...hints].join('\n'))
}

async function start({ config, urls }: Configured) {
  // There is nothing to drain before the first call. Without a handler, process 1 of a container ignores SIGTERM.
  process.once('SIGTERM', exitAtOnce)
  const redactor = createRedactor(ownSecrets(config))
  redact = redactor.text
  const logger = createLogger(config.LOG_LEVEL, undefined, redactor.text)
  for (const hint of hints) logger.warn(hint)
  logger.info(summaryOf(config, urls), 'the gateway starts')
  const stores = await startEmbedded({ dataDir: config.DATA_DIR, ...urls, log: logger })
  const app = await buildApp(environment(), stores, logger, redactor)

  const onTerminal = isOnTerminal()
  const skip: 'SIGINT'[] = onTerminal ? ['SIGINT'] : []
  const { close } = closeWithGrace({ delay: false, logger: false, skip }, async ({ err, manual }) => {
    if (err) app.log.fatal({ err }, 'the gateway stops after an unexpected error')
    const delayMs = manual ? 0 : config.DRAIN_DELAY_SECONDS * 1000
    await drain(app, { delayMs, limitMs: config.DRAIN_SECONDS * 1000 })
    await stores.stop()
  })
  if (onTerminal)
    stopOnInterrupt({
      running: () => app.running.size,
      limitSeconds: config.DRAIN_SECONDS,
      stop: close,
    })
  process.off('SIGTERM', exitAtOnce)
  process.off('uncaughtException', exitWithFault)

  const address = { host: config.HOST, port: config.PORT, variable: 'PORT' }
  await app.ready()
  // A signal came during the start.
  if (app.draining) return
  await app.listen(address).catch(error => {
    throw new Error(listenFault(error, address) ?? loggedMessage(error.message))
  })
}

function exitAtOnce() {
  process.exit(0)
}
