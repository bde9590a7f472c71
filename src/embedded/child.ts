/**
 * A child process that ends when this process ends, also after SIGKILL.
 *
 * Exit handlers do not run under SIGKILL. So the child reads a pipe whose other end only this process holds: the kernel closes
 * it. A shell starts a watcher that reads the pipe, and then becomes the server itself (`exec`). The server is therefore a
 * direct child, with its own pid and exit status, and the watcher knows its pid.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

export interface ChildOptions {
  /** Sent by this process, and by the watcher once this process has ended. */
  stopSignal: 'SIGINT' | 'SIGTERM'
  /** A file that the server and its forks hold open, so that it shows whether one of them is alive. */
  marker: string
  /** Its output is appended to this file. */
  logFile: string
  /** Runs after all processes of an earlier run have ended, and before this one starts. */
  prepare?: () => Promise<void>
  cwd?: string
  env?: NodeJS.ProcessEnv
  uid?: number
  gid?: number
}

export interface Child {
  pid: number
  /** Resolves when it has ended: 'exit status 1', 'SIGKILL'. */
  ended: Promise<string>
  kill(signal: NodeJS.Signals): void
  /** From now on it does not keep this process running. */
  unref(): void
  /** Stops it, and waits until it and all its forks have ended. */
  stop(): Promise<void>
}

/** How long a server may take to stop, in milliseconds. Redis and Postgres keep their data through a SIGKILL. */
const patience = 30_000

/**
 * File 3 is the pipe, file 4 the marker, $0 the stop signal's name, "$@" the server. A line in the pipe ends the watcher; the end
 * of the pipe without a line means that this process has ended. In a subshell `$$` is the pid of the shell, which becomes the server's.
 */
const script = '(read -r _ <&3 || kill -s "$0" $$) 4<&- & exec "$@" 3<&-'

/** Starts `command`, after all processes of an earlier run with the same marker have ended. */
export async function startChild(command: readonly string[], options: ChildOptions): Promise<Child> {
  await makeMarker(options.marker)
  await gone(options.marker)
  await options.prepare?.()
  const logFile = await open(options.logFile, 'a', 0o600)
  const marker = await open(options.marker, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return await attach(command, options, logFile, marker)
  } finally {
    // The child has its own copies.
    await Promise.all([logFile.close(), marker.close()])
  }
}

async function attach(
  command: readonly string[],
  { stopSignal, marker, cwd, env, uid, gid }: ChildOptions,
  logFile: FileHandle,
  markerFile: FileHandle,
): Promise<Child> {
  const child = spawn('/bin/sh', ['-c', script, stopSignal.slice('SIG'.length), ...command], {
    stdio: ['ignore', logFile.fd, logFile.fd, 'pipe', markerFile.fd],
    // In its own process group, because Ctrl-C in a terminal must not stop it before the gateway has drained.
    detached: true,
    cwd,
    // The gateway's environment holds keys that the server must not have.
    env: env ?? {},
    uid,
    gid,
  })
  const line = child.stdio[3]
  if (!(line instanceof Socket)) throw new Error('the watcher has no pipe')
  line.on('error', () => {}) // the watcher may have ended already
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

/** A named pipe: opening it for writing fails while no process has it open for reading. */
async function makeMarker(path: string): Promise<void> {
  await promisify(execFile)('mkfifo', ['-m', '600', path]).catch(async error => {
    if (!(await open(path, constants.O_RDONLY | constants.O_NONBLOCK).then(closed, () => false))) throw error
  })
}

/** Waits until no process holds the marker. It compares no pid, because pids are reused. */
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
