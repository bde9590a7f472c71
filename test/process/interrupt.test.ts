/** Ctrl-C on a terminal: `script` of util-linux gives the gateway one. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { ADMIN_TOKEN, UPSTREAM_KEY } from '../gateway.ts'
import { freePort, testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'
import { whenOver } from '../when-over.ts'

const CTRL_C = '\x03'
const SERVER = new URL('../../src/server.ts', import.meta.url).pathname

const skip = process.platform !== 'linux' && 'script takes other arguments here'

test('Ctrl-C ends a gateway without calls at once, whatever the drain delay', { skip }, async t => {
  await interrupt(t, { WORKERS: '1' })
})

// A terminal sends the signal to every process of the gateway.
test('Ctrl-C ends the workers of a gateway at once too', { skip }, async t => {
  await interrupt(t, { WORKERS: '2' })
})

async function interrupt(t: TestContext, env: Record<string, string>): Promise<void> {
  const PORT = String(await freePort())
  const child = spawn(
    'script',
    ['--quiet', '--return', '--command', `exec ${process.execPath} ${SERVER}`, '/dev/null'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        ...{
          ADMIN_TOKEN,
          EZAI_API_KEY: UPSTREAM_KEY,
          PORT,
          DRAIN_DELAY_SECONDS: '3600',
          DRAIN_SECONDS: '3600',
        },
        ...env,
        ...{ REDIS_URL: (await testRedis(t)).url, DATABASE_URL: (await testDatabase(t)).url },
      },
    },
  )
  const ended = once(child, 'exit')
  whenOver(t, async () => {
    child.stdin.end()
    child.kill()
    await ended
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    shown += text
  })
  await until(async () => (await fetch(`http://127.0.0.1:${PORT}/readyz`).catch(() => undefined))?.ok)

  child.stdin.write(CTRL_C)

  assert.deepEqual(await ended, [0, null])
  assert.match(shown, /Ctrl-C: no call runs, so the gateway stops now\./)
}
