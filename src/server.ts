/** The process: reads the configuration, starts the embedded servers, and serves the port itself or by workers. */

import type { FastifyBaseLogger } from 'fastify'
import { type Config, readConfig, readEnvironment, readNames, type Values } from './config/config.ts'
import { readKeySource } from './config/key-source.ts'
import { misspelt } from './config/misspelt.ts'
import { ownSecrets } from './config/own-secrets.ts'
import { createRedactor } from './config/redactor.ts'
import { storeUrls } from './config/store-urls.ts'
import { workersOf } from './config/workers.ts'
import { missingServers } from './embedded/available.ts'
import { type Embedded, startEmbedded } from './embedded/index.ts'
import type { PriceTable } from './pricing/price.ts'
import { readPrices } from './pricing/read.ts'
import { tuneHeap } from './process/heap.ts'
import { startWorkers } from './process/primary.ts'
import { endOnSignal } from './process/signals.ts'
import { summaryOf } from './process/summary.ts'
import { keepTickShape } from './process/tick-shape.ts'
import { joinPrimary } from './process/worker.ts'
import { createLogger } from './telemetry/logger.ts'
import { readUpstreams } from './upstreams/file/read.ts'
import { keyVariablesOf, type UpstreamsFile } from './upstreams/file/schema.ts'

keepTickShape()

let hints = misspelt(readNames())
let redact = (text: string) => text

// Node would print all fields of the error, which may contain the data that a driver has sent.
process.once('uncaughtException', exitWithFault)
tuneHeap()
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
async function configured(env: Values): Promise<Configured> {
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
  const prices = attempt(() => readPrices(env.PRICES_FILE || undefined))
  const { UPSTREAMS_FILE: file } = env
  const upstreams = prices && file ? attempt(() => upstreamsIn(file, prices, env)) : undefined
  if (upstreams) hints = misspelt(readNames(), keyVariablesOf(upstreams))
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

/** Checked before the servers start, together with all other configuration. The app reads the file again. */
function upstreamsIn(file: string, prices: PriceTable, env: Values): UpstreamsFile {
  return readUpstreams(
    file,
    prices,
    source => readKeySource(source, env),
    ({ prices: own, type }) => readPrices(env.PRICES_FILE || undefined, own, type),
  )
}

async function start({ config, urls }: Configured) {
  const group = await joinPrimary()
  // There is nothing to drain before the first call. Without a handler, process 1 of a container ignores SIGTERM.
  if (!group) process.once('SIGTERM', exitAtOnce)
  const redactor = createRedactor(ownSecrets(config))
  redact = redactor.text
  const base = group && { pid: process.pid }
  const logger = createLogger(config.LOG_LEVEL, undefined, redactor.text, base)
  const workers = workersOf(config)
  if (!group) {
    for (const hint of hints) logger.warn(hint)
    logger.info({ ...summaryOf(config, urls), ...(workers > 1 && { workers }) }, 'the gateway starts')
  }
  const stores = await startEmbedded({ dataDir: config.DATA_DIR, ...urls, workers, log: logger })
  if (workers > 1 && !group) return lead({ config, urls }, stores, logger)
  // The primary of workers does not load the app.
  const { serve } = await import('./process/serve.ts')
  await serve({ config, stores, logger, redactor, group, onDrainable })
}

/** Starts the workers, which use the stores of this process. */
function lead({ config, urls }: Configured, stores: Embedded, logger: FastifyBaseLogger) {
  const group = startWorkers({
    count: workersOf(config),
    env: {
      ...(urls.redisUrl === undefined && { REDIS_URL: stores.redisUrl }),
      ...(urls.databaseUrl === undefined && { DATABASE_URL: stores.databaseUrl }),
    },
    log: logger,
    async onFailedStart(exitCode) {
      await stores.stop()
      process.exit(exitCode)
    },
  })
  endOnSignal({
    config,
    log: logger,
    running: group.running,
    async end(order) {
      await group.stop(order).finally(() => stores.stop())
    },
  })
  onDrainable()
}

function onDrainable() {
  process.off('SIGTERM', exitAtOnce)
  process.off('uncaughtException', exitWithFault)
}

function exitAtOnce() {
  process.exit(0)
}
