/** Finds a server's program: on the PATH, in our cache, or in the distribution's packages. */

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

export interface Wanted {
  /** The display name, such as 'Redis'. Its folder in the cache has this name in lower case. */
  name: string
  /** Names of the program; the first one found is used. */
  programs: readonly string[]
  packages: readonly string[]
  /** How to install it. */
  remedy: string
}

/** `cache` is the folder for downloads. A download takes some seconds, once. */
export async function findProgram(wanted: Wanted, cache: string, log: Log): Promise<Program> {
  const folder = join(cache, wanted.name.toLowerCase())
  return (await onPath(wanted)) ?? (await inFolder(wanted, folder)) ?? (await fetched(wanted, folder, log))
}

/** Servers of the system may lie where only root looks. */
async function onPath({ programs }: Wanted): Promise<Program | undefined> {
  const search = programs.map(name => `command -v ${name}`).join(' || ')
  const path = await run('/bin/sh', ['-c', `PATH="$PATH:/usr/sbin"; ${search}`]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
  return path ? { path, env: {} } : undefined
}

async function inFolder({ programs }: Wanted, folder: string): Promise<Program | undefined> {
  const places = programs.map(name => `usr/{bin,sbin}/${name}`)
  const [program] = await Array.fromAsync(glob(places, { cwd: folder }))
  if (!program) return undefined
  const libraries = await Array.fromAsync(glob('{usr/,}lib/*-linux-*', { cwd: folder }))
  const searched = libraries.map(library => join(folder, library)).join(':')
  return { path: join(folder, program), env: { LD_LIBRARY_PATH: searched } }
}

async function fetched(wanted: Wanted, folder: string, log: Log): Promise<Program> {
  const { name, packages, programs, remedy } = wanted
  log.info({ folder }, `no ${name} on the PATH: fetching one from the distribution's packages`)
  try {
    await fetchPackage(packages, folder)
    const found = await inFolder(wanted, folder)
    if (found) return found
    throw new Error(`the package holds no ${programs.join(' or ')}`)
  } catch (cause) {
    throw new Error(
      `no ${name}: found no ${programs.join(' and no ')} on the PATH, and none could be fetched with apt-get. ${remedy}`,
      { cause },
    )
  }
}
