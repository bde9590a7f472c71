/** Starts the servers of the bench, each in its own process, which ends with the bench. */

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startChild } from '../src/embedded/child.ts'

export interface Server {
  url: string
  pid: number
  kill(signal: NodeJS.Signals): void
  stop(): Promise<void>
}

export interface ServerOptions {
  name: string
  /** The file of its log. */
  folder: string
  /** Writes the files that the command reads. */
  prepare?(port: number): Promise<void>
  command(port: number): string[]
  env?(port: number): NodeJS.ProcessEnv
  /** A path that is 200 when the server is ready. */
  ready?: string
  /** Its address in its log, for a server that chooses its port. */
  announced?: RegExp
}

const startLimitMs = 120_000

/** Resolves when the server is ready. Otherwise throws with the end of its log. */
export async function startServer({
  name,
  folder,
  prepare,
  command,
  env,
  ready = '/',
  announced,
}: ServerOptions): Promise<Server> {
  const port = await freePort()
  let url = announced ? undefined : `http://127.0.0.1:${port}`
  await prepare?.(port)
  const logFile = join(folder, `${name}.log`)
  const child = await startChild(command(port), {
    stopSignal: 'SIGTERM',
    marker: join(folder, `${name}.alive`),
    logFile,
    cwd: folder,
    env: { PATH: process.env.PATH, ...env?.(port) },
  })
  let ended = ''
  child.ended.then(how => {
    ended = how
  })
  for (const deadline = Date.now() + startLimitMs; ; await pause(50)) {
    if (announced) url = announced.exec(await readFile(logFile, 'utf8'))?.[1]
    const response = url === undefined ? undefined : await fetch(url + ready).catch(() => undefined)
    if (response?.ok || (response && ready === '/')) break
    if (ended === '' && Date.now() < deadline) continue
    await child.stop()
    const log = await readFile(logFile, 'utf8')
    throw new Error(
      `${name} did not start (${ended || `not ready in ${startLimitMs} ms`}):\n${log.slice(-3000)}`,
    )
  }
  return { url: url ?? '', pid: child.pid, kill: child.kill, stop: child.stop }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
