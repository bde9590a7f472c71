/** Finds a real Redis (or Valkey) server: on the PATH, in our cache, or in the distribution's packages. */

import { execFile } from 'node:child_process'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fetchPackage } from './fetch-package.ts'
import type { Log } from './supervise.ts'

const run = promisify(execFile)

export interface Program {
  path: string
  env: NodeJS.ProcessEnv
}

/** The oldest one the project is tested with. */
const oldest = 7
const names = ['valkey-server', 'redis-server']

/** `cache` is a folder for what is fetched. Fetching takes some seconds, once. */
export async function findRedis(cache: string, log: Log): Promise<Program> {
  const found = (await onPath()) ?? (await inFolder(cache)) ?? (await fetched(cache, log))
  const { stdout } = await run(found.path, ['--version'], { env: found.env }).catch(cause => {
    throw new Error(`${found.path} does not run here: remove it, install Redis anew, or set REDIS_URL`, {
      cause,
    })
  })
  const version = Number(/v=(\d+)/.exec(stdout)?.[1] ?? 0)
  if (version >= oldest) return found
  throw new Error(
    `${found.path} is too old (${stdout.trim()}): install Redis ${oldest} or newer, or set REDIS_URL`,
  )
}

async function onPath(): Promise<Program | undefined> {
  const search = names.map(name => `command -v ${name}`).join(' || ')
  const path = await run('/bin/sh', ['-c', search]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
  return path ? { path, env: {} } : undefined
}

async function inFolder(cache: string): Promise<Program | undefined> {
  const root = join(cache, 'redis')
  const [server] = await Array.fromAsync(
    glob(
      names.map(name => `usr/bin/${name}`),
      { cwd: root },
    ),
  )
  if (!server) return undefined
  const libraries = await Array.fromAsync(glob('{usr/,}lib/*-linux-*', { cwd: root }))
  const searched = libraries.map(folder => join(root, folder)).join(':')
  return { path: join(root, server), env: { LD_LIBRARY_PATH: searched } }
}

async function fetched(cache: string, log: Log): Promise<Program> {
  log.info({ cache }, "no Redis server on the PATH: fetching one from the distribution's packages")
  try {
    await fetchPackage(['redis-server', 'valkey-server'], join(cache, 'redis'))
    const found = await inFolder(cache)
    if (found) return found
    throw new Error('the package holds no server')
  } catch (cause) {
    throw new Error(
      'no Redis: found neither valkey-server nor redis-server on the PATH, and none could be fetched with apt-get. ' +
        'Install one (apt-get install redis-server, dnf install valkey, brew install redis), or set REDIS_URL',
      { cause },
    )
  }
}
