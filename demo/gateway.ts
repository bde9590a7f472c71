/** Runs the gateway as a process of its own, the way `npm start` does. */

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'

export interface Gateway {
  url: string
  adminToken: string
  /** Resolves when the gateway's process ends by itself. */
  ended(): Promise<void>
  stop(): Promise<void>
}

const START_WITHIN = 120_000

export async function startGateway(options: {
  port: number
  providerUrl: string
  dataDir: string
  env?: Record<string, string>
}): Promise<Gateway> {
  const adminToken = process.env.ADMIN_TOKEN || `demo-${randomBytes(12).toString('hex')}`
  const url = `http://127.0.0.1:${options.port}`
  const child = spawn(process.execPath, [new URL('../src/server.ts', import.meta.url).pathname], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      HOST: '127.0.0.1',
      PORT: String(options.port),
      EZAI_API_KEY: 'simulated',
      EZAI_BASE_URL: options.providerUrl,
      ADMIN_TOKEN: adminToken,
      DATA_DIR: options.dataDir,
      DRAIN_DELAY_SECONDS: '0',
      DRAIN_SECONDS: '5',
      // Of its log only the reason why it cannot go on.
      LOG_LEVEL: 'fatal',
      ...options.env,
    },
  })
  const exited = once(child, 'exit')
  const forward = () => child.kill('SIGTERM')
  process.once('SIGINT', forward).once('SIGTERM', forward)
  await ready()
  return {
    url,
    adminToken,
    ended: async () => void (await exited),
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM')
      await exited
    },
  }

  /** Whoever has taken the port before us answers there, too. */
  async function assertOurs() {
    const headers = { authorization: `Bearer ${adminToken}` }
    if ((await fetch(`${url}/admin/whoami`, { headers })).ok) return
    child.kill('SIGTERM')
    throw new Error(`another gateway answers at ${url} already; end that one first`)
  }

  async function ready() {
    const deadline = Date.now() + START_WITHIN
    while (Date.now() < deadline) {
      if (child.exitCode !== null)
        throw new Error('the gateway ended before it was ready; its last words are above')
      const answer = await fetch(`${url}/readyz`).catch(() => undefined)
      if (answer?.ok) return assertOurs()
      await wait(100)
    }
    child.kill('SIGTERM')
    throw new Error(`the gateway was not ready within ${START_WITHIN / 1000} s`)
  }
}
