/**
 * Runs test files with tap, on one shared Redis and Postgres.
 *
 *     npm test                               all of them, four at a time
 *     npm test -- test/pricing/cost.test.ts  these files; the arguments are tap's
 *
 * Exits with tap's status. The settings are in `.taprc`.
 */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { globalSetup, globalTeardown } from './setup.ts'

buildTestClass()
await globalSetup()
// Without a terminal, tap's reporter would draw its totals again after each test. `CI` itself also makes a browser compulsory.
const env = process.stdout.isTTY ? process.env : { ...process.env, CONTINUOUS_INTEGRATION: 'true' }
try {
  const tap = spawn('tap', process.argv.slice(2), { stdio: 'inherit', env })
  // Ctrl-C reaches tap by itself; the servers are stopped after it.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => tap.kill())
  const [code] = await once(tap, 'exit')
  process.exitCode = code ?? 1
} finally {
  await globalTeardown()
}

/** tap builds its test class from the plugins in `.taprc`. It notices a change of them only after it has loaded the old class. */
function buildTestClass() {
  const built = 'node_modules/.cache/taprc'
  const settings = readFileSync('.taprc', 'utf8')
  if (existsSync(built) && readFileSync(built, 'utf8') === settings) return
  execFileSync('tap', ['build'], { stdio: 'inherit' })
  mkdirSync(dirname(built), { recursive: true })
  writeFileSync(built, settings)
}
