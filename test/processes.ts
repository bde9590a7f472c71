/** The gateway as separate processes, as in production: tests start, signal and kill them. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { ADMIN_TOKEN, type Line, UPSTREAM_KEY } from './gateway.ts'
import { freePort } from './servers.ts'
import { compiled } from './setup.ts'
import { until } from './until.ts'
import { whenOver } from './when-over.ts'

const SERVER = new URL('../src/server.ts', import.meta.url).pathname

export interface GatewayProcess {
  url: string
  pid: number
  lines: Line[]
  /** Its standard error. */
  complaints(): string
  signal(name: NodeJS.Signals): void
  /** Resolves to its exit code, or to the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>
  ready(): Promise<void>
}

/** `cwd`: the folder of its `.env`. */
export async function startProcess(
  t: TestContext,
  env: Record<string, string>,
  cwd = process.cwd(),
): Promise<GatewayProcess> {
  const port = env.PORT ?? String(await freePort())
  const child = spawn(process.execPath, [SERVER], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_COMPILE_CACHE: compiled,
      EZAI_API_KEY: UPSTREAM_KEY,
      ADMIN_TOKEN,
      DRAIN_DELAY_SECONDS: '0',
      OVERLOAD_DELAY_MS: '0',
      ...env,
      PORT: port,
    },
  })
  const lines: Line[] = []
  let complaints = ''
  createInterface(child.stdout).on('line', line => lines.push(JSON.parse(line)))
  child.stderr.setEncoding('utf8').on('data', text => {
    complaints += text
  })
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal)
  whenOver(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    pid: child.pid ?? 0,
    lines,
    complaints: () => complaints,
    signal: name => void child.kill(name),
    ended,
    ready: async () => {
      await until(async () => {
        if (child.exitCode !== null) throw new Error(`the gateway ended: ${complaints}`)
        return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok
      })
    },
  }
}

/** Makes a client at a gateway process, and returns a key of it. */
export async function newClient(url: string, name = 'frontend', settings: object = {}): Promise<string> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
  await fetch(`${url}/admin/clients`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name, createTeam: true, ...settings }),
  })
  const made = await fetch(`${url}/admin/clients/${name}/keys`, { method: 'POST', headers, body: '{}' })
  return ((await made.json()) as { key: string }).key
}
