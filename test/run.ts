/**
 * Runs test files with tap, on one shared Redis and Postgres.
 *
 *     npm test                          all of them: four at a time, then the proofs one at a time
 *     npm test -- test/money.test.ts    these files; the arguments are tap's
 *
 * Exits with tap's status. The settings are in `.taprc`.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { globalSetup, globalTeardown } from './setup.ts'

const all = globSync('test/**/*.test.ts').sort()
const proofs = all.filter(file => file.startsWith('test/proof/'))
const suite = all.filter(file => !proofs.includes(file))
const asked = process.argv.slice(2)
const files = asked.some(argument => !argument.startsWith('-')) ? [] : [...suite, ...proofs]

await globalSetup()
// Without a terminal, tap's reporter would draw its totals again after each test. `CI` itself also makes a browser compulsory.
const env = process.stdout.isTTY ? process.env : { ...process.env, CONTINUOUS_INTEGRATION: 'true' }
try {
  const tap = spawn('tap', [...asked, ...files], { stdio: 'inherit', env })
  // Ctrl-C reaches tap by itself; the servers are stopped after it.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => tap.kill())
  const [code] = await once(tap, 'exit')
  process.exitCode = code ?? 1
} finally {
  await globalTeardown()
}
