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

/** Returns a folder of mode 0700 that belongs to `owner`, in which a socket called `name` fits. */
export async function socketFolder(folder: string, name: string, owner?: Owner): Promise<string> {
  if (Buffer.byteLength(join(folder, name)) <= longestPath) return folder
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 12)
  const short = join(tmpdir(), `tollgate-${digest}`)
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
