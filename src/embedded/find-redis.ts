/** Finds a real Redis (or Valkey) server that is new enough. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { OLDEST_REDIS } from '../start/store-faults.ts'
import { findProgram, type Program } from './find-program.ts'
import type { Log } from './supervise.ts'

const run = promisify(execFile)

export const redisPrograms = ['valkey-server', 'redis-server'] as const
const wanted = {
  name: 'Redis',
  programs: redisPrograms,
  packages: ['redis-server', 'valkey-server'],
  remedy:
    'Install one (apt-get install redis-server, dnf install valkey, brew install redis), or set REDIS_URL',
}

/** `cache` is the folder for downloads. */
export async function findRedis(cache: string, log: Log): Promise<Program> {
  const found = await findProgram(wanted, cache, log)
  const { stdout } = await run(found.path, ['--version'], { env: found.env }).catch(cause => {
    throw new Error(`${found.path} does not run here: remove it, install Redis anew, or set REDIS_URL`, {
      cause,
    })
  })
  const version = Number(/v=(\d+)/.exec(stdout)?.[1] ?? 0)
  if (version >= OLDEST_REDIS) return found
  throw new Error(
    `${found.path} is too old (${stdout.trim()}): install Redis ${OLDEST_REDIS} or newer, or set REDIS_URL`,
  )
}
