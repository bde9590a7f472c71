/**
 * A process on a leash: it lives as long as we do, however we end, and not longer.
 *
 * Exit handlers do not run under SIGKILL, so the leash is a pipe whose other end only we hold: the kernel closes
 * it with us. A shell starts a watcher that reads from it, then becomes the server itself (`exec`), so that the
 * server is our own child, with its own pid and exit status, and the watcher knows that pid for certain.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

export interface LeashOptions {
  /** How it is asked to stop: by us, and by its watcher when we are gone. */
  stopSignal: 'SIGINT' | 'SIGTERM'
  /** A file that shows whether a process of this server is alive; the server and its forks hold it open. */
  marker: string
  /** Where what it prints is appended. */
  logFile: string
  /** What is to be done when nothing is left of an earlier run, and this one has not begun. */
  prepare?: () => Promise<void>
  cwd?: string
  env?: NodeJS.ProcessEnv
  uid?: number
  gid?: number
}

export interface Leashed {
  pid: number
  /** Settles when it has ended, with how: 'exit status 1', 'SIGKILL'. */
  ended: Promise<string>
  kill(signal: NodeJS.Signals): void
  /** From now on it does not keep us alive: when our own work is done, we end, and it ends with us. */
  unref(): void
  /** Asks it to stop, and waits until it and all its forks are gone. */
  stop(): Promise<void>
}

/** How long a server may take to stop, in milliseconds. Both keep their data through a SIGKILL as well. */
const patience = 30_000

/**
 * File 3 is the leash, file 4 the marker, $0 the stop signal's name, "$@" the server. A line on the leash lets the
 * watcher go; its end without a line means that we died. In a subshell `$$` is still the shell's, soon the server's, pid.
 */
const script = '(read -r _ <&3 || kill -s "$0" $$) 4<&- & exec "$@" 3<&-'

/** Starts `command`; waits first until nothing is left of an earlier run that used the same marker. */
export async function leash(command: readonly string[], options: LeashOptions): Promise<Leashed> {
  await makeMarker(options.marker)
  await gone(options.marker)
  await options.prepare?.()
  const logFile = await open(options.logFile, 'a', 0o600)
  const marker = await open(options.marker, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return await attach(command, options, logFile, marker)
  } finally {
    // The child has copies of its own by now.
    await Promise.all([logFile.close(), marker.close()])
  }
}

async function attach(
  command: readonly string[],
  { stopSignal, marker, cwd, env, uid, gid }: LeashOptions,
  logFile: FileHandle,
  markerFile: FileHandle,
): Promise<Leashed> {
  const child = spawn('/bin/sh', ['-c', script, stopSignal.slice('SIG'.length), ...command], {
    stdio: ['ignore', logFile.fd, logFile.fd, 'pipe', markerFile.fd],
    // A process group of its own: Ctrl-C in a terminal must not stop it before we have drained.
    detached: true,
    cwd,
    // Our own environment holds keys that are none of its business.
    env: env ?? {},
    uid,
    gid,
  })
  const line = child.stdio[3]
  if (!(line instanceof Socket)) throw new Error('the leash is not a pipe')
  line.on('error', () => {}) // the watcher may be gone already
  const ended = new Promise<string>(resolve => {
    child.once('exit', (status, signal) => {
      line.end('\n')
      resolve(signal ?? `exit status ${status}`)
    })
  })
  await spawned(child)
  return {
    pid: child.pid ?? 0,
    ended,
    kill: signal => void child.kill(signal),
    unref: () => {
      child.unref()
      line.unref()
    },
    stop: async () => {
      child.ref()
      child.kill(stopSignal)
      const impatience = setTimeout(() => child.kill('SIGKILL'), patience)
      await ended
      clearTimeout(impatience)
      await gone(marker)
    },
  }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

/** A named pipe: opening one for writing fails as long as nobody has it open for reading. */
async function makeMarker(path: string): Promise<void> {
  await promisify(execFile)('mkfifo', ['-m', '600', path]).catch(async error => {
    if (!(await open(path, constants.O_RDONLY | constants.O_NONBLOCK).then(closed, () => false))) throw error
  })
}

/** Waits until no process holds the marker. Needs no pid, so no reused pid can deceive it. */
async function gone(marker: string): Promise<void> {
  const deadline = Date.now() + patience
  while (await open(marker, constants.O_WRONLY | constants.O_NONBLOCK).then(closed, () => false)) {
    if (Date.now() > deadline) throw new Error(`an earlier server does not end: fuser ${marker} shows it`)
    await delay(20)
  }
}

async function closed(file: FileHandle): Promise<true> {
  await file.close()
  return true
}
