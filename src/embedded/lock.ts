/**
 * One gateway at a time on one data folder.
 *
 * SQLite takes a lock of the operating system on an empty file. It ends with its process, so there are no stale locks and no
 * reused pids. Node has no `flock`.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface FolderLock {
  release(): void
}

/** SQLite's SQLITE_BUSY. */
const busy = 5

/** A reference, because a database that is garbage-collected is closed, and its lock is lost. */
const held = new Set<DatabaseSync>()

/** Takes the lock, or throws one line that names the process that has it. */
export function lockFolder(folder: string): FolderLock {
  const holder = join(folder, 'holder')
  const lock = take(folder, holder)
  held.add(lock)
  writeFileSync(holder, `pid ${process.pid}, since ${new Date().toISOString()}\n`)
  return {
    release: () => {
      rmSync(holder, { force: true })
      held.delete(lock)
      lock.close()
    },
  }
}

function take(folder: string, holder: string): DatabaseSync {
  try {
    const lock = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
    lock.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error)) throw error
    if (error.errcode !== busy) throw new Error(`DATA_DIR ${folder} cannot be locked: ${error.message}`)
    throw new Error(
      `DATA_DIR ${folder} is in use by another gateway (${whoHolds(holder)}): stop that one, or set another DATA_DIR`,
    )
  }
}

/** The holder writes its name after it has locked, so the name may be absent for a moment. */
function whoHolds(holder: string): string {
  try {
    return readFileSync(holder, 'utf8').trim()
  } catch {
    return 'just started'
  }
}
