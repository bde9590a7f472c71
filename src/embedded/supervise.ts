/** Starts a server on a leash, waits until it answers, and starts it again should it end by itself. */

import { readFile, rename } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { type Leashed, type LeashOptions, leash } from './leash.ts'

/** The part of pino's logger that the embedded servers use. */
export interface Log {
  info(facts: object, message: string): void
  error(facts: object, message: string): void
}

export interface Server extends LeashOptions {
  /** As people call it: 'Redis'. */
  name: string
  command: readonly string[]
  /** Resolves once it answers; gives up, by throwing, when `signal` says that it has ended. */
  answers(signal: AbortSignal): Promise<void>
}

export interface Supervised {
  /** Changes when it had to be started again. */
  readonly pid: number
  stop(): Promise<void>
}

const pauseBeforeRestart = 1000

export async function supervise(server: Server, log: Log): Promise<Supervised> {
  await rename(server.logFile, `${server.logFile}.old`).catch(() => {}) // none yet
  const stopping = new AbortController()
  let child = await launch(server)
  const watching = watch()

  async function watch(): Promise<void> {
    for (;;) {
      const how = await child.ended
      if (stopping.signal.aborted) return
      log.error({ pid: child.pid }, `${server.name} ended by itself (${how}); starting it again`)
      try {
        child = await launch(server, stopping.signal)
        log.info({ pid: child.pid }, `${server.name} is back`)
      } catch (error) {
        if (stopping.signal.aborted) return
        log.error({ err: error }, `${server.name} did not start again; trying once more`)
        await delay(pauseBeforeRestart, undefined, { ref: false })
      }
    }
  }

  return {
    get pid() {
      return child.pid
    },
    stop: async () => {
      stopping.abort()
      await child.stop()
      await watching
    },
  }
}

/** Starts it once. Whoever aborts, or its early end, leaves nothing running. */
export async function launch(server: Server, aborted?: AbortSignal): Promise<Leashed> {
  const child = await leash(server.command, server)
  const over = new AbortController()
  const ended = child.ended.then(how => over.abort(new Error(how)))
  const signal = aborted ? AbortSignal.any([aborted, over.signal]) : over.signal
  try {
    signal.throwIfAborted()
    await server.answers(signal)
    signal.throwIfAborted()
    child.unref()
    return child
  } catch (error) {
    await child.stop()
    await ended
    throw over.signal.aborted ? await didNotStart(server.name, server.logFile) : error
  }
}

export async function didNotStart(name: string, logFile: string): Promise<Error> {
  return new Error(`${name} did not start: ${await lastWords(logFile)} (its log: ${logFile})`)
}

/** The line of a server's log that most likely says why it ended. */
async function lastWords(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n')
  return (lines.findLast(line => /fatal|panic|error/i.test(line)) ?? lines.at(-1) ?? '').trim()
}
