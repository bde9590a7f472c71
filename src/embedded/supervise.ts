/** Starts a server as a child process, waits until it answers, and starts it again if it ends by itself. */

import { readFile, rename } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { type Child, type ChildOptions, startChild } from './child.ts'

/** The part of pino's logger that the embedded servers use. */
export interface Log {
  info(facts: object, message: string): void
  error(facts: object, message: string): void
}

export interface Server extends ChildOptions {
  /** As people call it: 'Redis'. */
  name: string
  command: readonly string[]
  /** Resolves once it answers; rejects when `signal` says that it will not, or need not. */
  answers(signal: AbortSignal): Promise<void>
}

export interface Supervised {
  /** Changes when it had to be started again. */
  readonly pid: number
  stop(): Promise<void>
}

const pauseBetweenAttempts = 1000

export async function supervise(server: Server, log: Log): Promise<Supervised> {
  await rename(server.logFile, `${server.logFile}.old`).catch(() => {}) // there may be none
  const stopping = new AbortController()
  let child = await launch(server)
  const watching = watch()

  async function watch(): Promise<void> {
    for (;;) {
      const how = await child.ended
      if (stopping.signal.aborted) return
      log.error({ pid: child.pid }, `${server.name} ended by itself (${how}); starting it again`)
      const next = await launchAgain(server, log, stopping.signal)
      if (!next) return
      child = next
      if (stopping.signal.aborted) await child.stop()
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

/** Tries until it runs, or until it is no longer wanted. */
async function launchAgain(server: Server, log: Log, stopping: AbortSignal): Promise<Child | undefined> {
  while (!stopping.aborted) {
    try {
      const child = await launch(server, stopping)
      log.info({ pid: child.pid }, `${server.name} is back`)
      return child
    } catch (error) {
      if (!stopping.aborted) log.error({ err: error }, `${server.name} did not come back; trying again`)
      await delay(pauseBetweenAttempts, undefined, { ref: false, signal: stopping }).catch(() => {}) // stopping
    }
  }
  return undefined
}

/** Starts it once, and resolves when it answers. If it does not, its process is stopped. */
export async function launch(server: Server, stopping?: AbortSignal): Promise<Child> {
  const child = await startChild(server.command, server)
  const ended = new AbortController()
  child.ended.then(() => ended.abort())
  try {
    await server.answers(AbortSignal.any([ended.signal, ...(stopping ? [stopping] : [])]))
    child.unref()
    return child
  } catch (error) {
    if (ended.signal.aborted) throw await didNotStart(server.name, server.logFile)
    await child.stop()
    throw error
  }
}

export async function didNotStart(name: string, logFile: string): Promise<Error> {
  return new Error(`${name} did not start: ${await lastWords(logFile)} (its log: ${logFile})`)
}

/** The end of a server's log, from the line that most likely says why it ended. */
async function lastWords(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n')
  const reason = lines.findLastIndex(line => /fatal|panic|error|not found/i.test(line))
  return lines
    .slice(reason)
    .map(line => line.trim())
    .join(' ')
}
