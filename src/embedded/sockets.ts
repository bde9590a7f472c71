/** Where a server's Unix socket lives: beside its data, or, where that path is too long for a socket, in a short folder. */

import { createHash } from 'node:crypto'
import { chown, lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The kernel takes 103 bytes on macOS, 107 on Linux. */
const longestPath = 103

export interface Owner {
  uid: number
  gid: number
}

/** The longest path of a socket that an embedded server makes below its folder. */
const LONGEST_NAME = 'postgres/.s.PGSQL.5432'

/** Whether the sockets of all servers fit below this data folder. */
export function fits(dataDir: string): boolean {
  return isShort(join(dataDir, LONGEST_NAME))
}

/** A short folder in the temporary folder, for a folder whose path is too long. Throws if that path is too long as well. */
export function shortFolder(folder: string): string {
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 12)
  const short = join(tmpdir(), `tollgate-${digest}`)
  if (isShort(join(short, '.s.PGSQL.5432'))) return short
  throw new Error(
    `DATA_DIR: found ${folder}, whose path is too long for a socket, as is that of the temporary folder ${tmpdir()}, ` +
      `expected one of them of at most ${longestPath - 40} bytes. Set DATA_DIR or TMPDIR to a shorter path.`,
  )
}

function isShort(path: string): boolean {
  return Buffer.byteLength(path) <= longestPath
}

/** Returns a folder of mode 0700 that belongs to `owner`, in which a socket called `name` fits. */
export async function socketFolder(folder: string, name: string, owner?: Owner): Promise<string> {
  if (isShort(join(folder, name))) return folder
  const short = shortFolder(folder)
  await mkdir(short, { mode: 0o700 }).then(
    () => owner && chown(short, owner.uid, owner.gid),
    error => mustBeOurs(short, error, owner),
  )
  return short
}

/** Anyone may make a folder in the temporary one, also one with our name. */
async function mustBeOurs(folder: string, cause: unknown, owner?: Owner): Promise<void> {
  const found = await lstat(folder)
  const ours =
    found.isDirectory() && found.uid === (owner?.uid ?? process.getuid?.()) && !(found.mode & 0o077)
  if (!ours) {
    throw new Error(`${folder} exists, but is not a private folder of ours: remove it, or shorten DATA_DIR`, {
      cause,
    })
  }
}
