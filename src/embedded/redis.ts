/** The embedded Redis: a real server with an append-only file, because it holds the money counters. */

import { mkdir } from 'node:fs/promises'
import { connect, type NetConnectOpts } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findRedis } from './find-redis.ts'
import { socketFolder } from './sockets.ts'
import { type Log, type Supervised, supervise } from './supervise.ts'

export interface EmbeddedRedis extends Supervised {
  /** `unix:///…/redis.sock`, a form of REDIS_URL. */
  url: string
  socket: string
}

export interface RedisOptions {
  dataDir: string
  log: Log
  /** The folder of a fetched server. */
  cache?: string
  /** More of Redis's own options, as on its command line. */
  args?: readonly string[]
}

export async function startRedis({ dataDir, log, cache, args = [] }: RedisOptions): Promise<EmbeddedRedis> {
  const home = resolve(dataDir)
  const folder = join(home, 'redis')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const program = await findRedis(cache ?? join(home, 'cache'), log)
  const socket = join(await socketFolder(folder, 'redis.sock'), 'redis.sock')
  const server = await supervise(
    {
      name: 'Redis',
      command: [program.path, ...settings(folder, socket), ...args],
      env: program.env,
      cwd: folder,
      stopSignal: 'SIGTERM',
      marker: join(home, 'redis.alive'),
      logFile: join(home, 'redis.log'),
      answers: signal => redisReplies({ path: socket }, signal),
    },
    log,
  )
  return Object.assign(server, { url: unixUrl(socket), socket })
}

/** No port; the append-only file alone, synced every second; what does not fit is refused, never evicted. */
function settings(folder: string, socket: string): string[] {
  const options = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
  }
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
}

/** Waits until a server at that address has loaded its data and answers, be it by asking for a password. */
export async function redisReplies(address: NetConnectOpts, signal: AbortSignal): Promise<void> {
  while (!/^(\+PONG|-NOAUTH)/.test(await ping({ ...address, signal }))) await delay(10, undefined, { signal })
}

/** The server's reply; undefined if there is no server. */
async function ping(address: NetConnectOpts): Promise<string> {
  const socket = connect(address)
  socket.write('PING\r\n')
  try {
    for await (const chunk of socket) return String(chunk)
  } catch {
    // Not there yet.
  }
  return ''
}

/** A path as a REDIS_URL: what means something in a URL is escaped. */
export function unixUrl(path: string): string {
  return `unix://${path.split('/').map(encodeURIComponent).join('/')}`
}
