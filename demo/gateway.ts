/** Runs the gateway in its own process, as `npm start` does. */

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
      // Only the reason why the gateway cannot run.
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

  /** Another gateway may use the port, and it responds to /readyz too. */
  async function assertOurs() {
    const headers = { authorization: `Bearer ${adminToken}` }
    if ((await fetch(`${url}/admin/whoami`, { headers })).ok) return
    child.kill('SIGTERM')
    throw new Error(`found another gateway at ${url}, expected a free port. Stop it, or use --port.`)
  }

  async function ready() {
    const deadline = Date.now() + START_WITHIN
    while (Date.now() < deadline) {
      if (child.exitCode !== null)
        throw new Error('the gateway ended before it was ready; its errors are above')
      const response = await fetch(`${url}/readyz`).catch(() => undefined)
      if (response?.ok) return assertOurs()
      await wait(100)
    }
    child.kill('SIGTERM')
    throw new Error(`the gateway was not ready within ${START_WITHIN / 1000} s`)
  }
}
