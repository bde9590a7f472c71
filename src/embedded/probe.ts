/**
 * Checks that the file system of a folder can carry the embedded servers. It runs in a child process, since a file system that hangs
 * (a network one whose server is away) blocks the thread that waits for it.
 */

import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { programPath } from '../config/config.ts'
import { fits, shortFolder } from './sockets.ts'

/** Less than 10 s, so that the start can print the fault within that time. */
const TIMEOUT_MS = 7000

/** Each step removes what it made. Prints the step that failed, and the reason. */
const STEPS = `
const { spawnSync } = require('child_process'), fs = require('fs'), net = require('net'), path = require('path')
const [folder, sockets] = process.argv.slice(1), own = place => path.join(place, '.probe-' + process.pid)
let step = 'a folder'
const fail = error => { process.stdout.write(JSON.stringify([step, error.code || error.message])); process.exit(1) }
try {
  fs.mkdirSync(folder, { recursive: true, mode: 0o711 })
  step = 'a file'
  fs.writeFileSync(own(folder), '')
  step = 'a lock'
  const lock = new (require('node:sqlite').DatabaseSync)(own(folder), { timeout: 0 })
  lock.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE; ROLLBACK')
  lock.close()
  fs.rmSync(own(folder))
  step = 'a named pipe (mkfifo)'
  const { stderr } = spawnSync('mkfifo', [own(folder)], { encoding: 'utf8' })
  if (stderr) fail(new Error(stderr.trim()))
  fs.rmSync(own(folder), { force: true })
  step = 'a Unix socket'
  const server = net.createServer().on('error', fail).listen(own(sockets), () => server.close())
} catch (error) { fail(error) }
`

/** Throws an error of one line that names DATA_DIR. */
export async function probeFolder(folder: string, timeoutMs = TIMEOUT_MS): Promise<void> {
  const sockets = fits(folder) ? folder : dirname(shortFolder(folder))
  const child = spawn(process.execPath, ['-e', STEPS, folder, sockets], {
    stdio: ['ignore', 'pipe', 'ignore'],
    // A child that hangs must not keep the gateway from exiting.
    detached: true,
    env: { PATH: programPath() },
  })
  const timer = Promise.withResolvers<'late'>()
  const deadline = performance.now() + timeoutMs
  const timeout = setTimeout(timer.resolve, timeoutMs, 'late')
  const output = await Promise.race([text(child.stdout), timer.promise]).finally(() => clearTimeout(timeout))
  // On a busy machine a late output may come before the timer.
  if (output === 'late' || performance.now() >= deadline) {
    child.kill('SIGKILL')
    child.stdout.destroy()
    child.unref()
    throw fault(folder, `which does not answer within ${timeoutMs / 1000} s`, 'a file system that answers')
  }
  if (output === '') return
  const [step, reason] = JSON.parse(output)
  const where = step === 'a Unix socket' && sockets !== folder ? ` in the temporary folder ${sockets}` : ''
  throw fault(
    folder,
    `where ${step} cannot be made${where} (${reason})`,
    'a local folder that this user may write',
  )
}

function fault(folder: string, found: string, expected: string): Error {
  return new Error(
    `DATA_DIR: found ${JSON.stringify(folder)}, ${found}, expected ${expected}. ` +
      `Change its owner, or set DATA_DIR to another folder, such as ${join(tmpdir(), 'tollgate')} for a trial; with REDIS_URL and DATABASE_URL no folder is needed.`,
  )
}
