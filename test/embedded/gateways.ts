/** Gateways as separate processes, for tests of their end. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findRedis } from '../../src/embedded/find-redis.ts'
import { cache, quiet } from '../setup.ts'
import { temporaryFolder, whenOver } from '../when-over.ts'

export interface Gateway {
  process: ChildProcess
  redisUrl: string
  databaseUrl: string
  /** The next message that it prints. */
  hears(): Promise<string>
  /** Lets it drain; resolves with its exit status, or the signal that ended it. */
  drain(): Promise<number | NodeJS.Signals>
  /** Sends it the signal, and lets it drain. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>
}

interface Options {
  servers?: readonly ('redis' | 'postgres')[]
  env?: NodeJS.ProcessEnv
  /** The user that it runs as, as `findPostgres` returns it. */
  as?: { prefix: readonly string[]; uid?: number; gid?: number }
}

const script = join(import.meta.dirname, 'gateway-process.ts')

/** Resolves when it has started its servers; rejects with its standard error. */
export async function startGateway(t: TestContext, dataDir: string, options: Options = {}): Promise<Gateway> {
  const { servers = ['redis', 'postgres'], env, as } = options
  const [command = '', ...args] = [...(as?.prefix ?? []), process.execPath, script, dataDir, ...servers]
  // A process group of its own, as a shell creates for a command in a terminal.
  const child = spawn(command, args, { env, uid: as?.uid, gid: as?.gid, detached: true })
  t.after(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const errors = text(child.stderr)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const hears = async () => {
    const line = await lines.next()
    if (line.done) throw new Error((await errors).trim())
    return line.value
  }
  const { redisUrl, databaseUrl } = JSON.parse(await hears())
  const drain = async () => {
    child.stdin.end()
    const [status, died] = await ended
    return status ?? died
  }
  return {
    process: child,
    redisUrl,
    databaseUrl,
    hears,
    drain,
    end: signal => {
      child.kill(signal)
      return drain()
    },
  }
}

/** A DATA_DIR that has Redis in its cache already. */
export async function makeDataDir(
  t: TestContext,
  { name = 'data', uid = -1, gid = -1 } = {},
): Promise<string> {
  await findRedis(cache, quiet)
  const folder = join(await temporaryFolder(t), name)
  whenOver(t, () => nothingRuns(folder))
  await mkdir(folder, { recursive: true, mode: 0o711 })
  await symlink(cache, join(folder, 'cache'))
  await chown(folder, uid, gid)
  return folder
}

/** Waits until no process is left that was started for this folder, or runs in it. */
export async function nothingRuns(folder: string): Promise<void> {
  const deadline = Date.now() + 15_000
  for (;;) {
    const processes = await processesOf(folder)
    if (processes.length === 0) return
    if (Date.now() > deadline) throw new Error(`still running: ${processes.join(', ')}`)
    await delay(20)
  }
}

/** Their command lines. A zombie process has none. */
export async function processesOf(folder: string): Promise<string[]> {
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-Axww', '-o', 'pid=,command='])
    return stdout.split('\n').filter(line => line.includes(folder))
  }
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const processes = pids.map(async pid => {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const place = await readlink(`/proc/${pid}/cwd`).catch(() => '')
    return command.includes(folder) || place.startsWith(folder) ? [`${pid} ${command}`] : []
  })
  return (await Promise.all(processes)).flat()
}
