/** Several real gateway processes on one Redis and one Postgres, in front of one simulated provider. */

import { once } from 'node:events'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { parseUsd } from '../../src/pricing/money.ts'
import { ADMIN_TOKEN, type Line } from '../gateway.ts'
import { type GatewayProcess, startProcess } from '../processes.ts'
import { type Provider, startProvider } from '../provider.ts'
import { until } from '../until.ts'

/** One budget that binds. */
export interface Budget {
  /** As its counters are named: `client:<id>`. */
  scope: string
  /** As a refusal names it: `client:frontend`. */
  name: string
  window: 'day' | 'month'
  nanos: number
}

/** US dollars, as settings write them. */
export interface Limits {
  budget?: { day?: number; month?: number }
  limits?: object
}

export interface Fleet {
  redisUrl: string
  databaseUrl: string
  provider: Provider
  /** Those that run. */
  gateways: GatewayProcess[]
  /** Starts one more. */
  start(env?: Record<string, string>): Promise<GatewayProcess>
  /** SIGKILL. */
  kill(gateway: GatewayProcess): Promise<void>
  /** SIGTERM, and a new process as soon as the old one no longer listens, while its calls still run; returns its exit code. */
  replace(gateway: GatewayProcess): Promise<{ next: GatewayProcess; left: GatewayProcess['ended'] }>
  /** The log lines of calls, of all processes so far. */
  lines(): Line[]
  /** The response of any gateway, or of a certain one. */
  admin(
    method: string,
    path: string,
    body?: unknown,
    gateway?: GatewayProcess,
  ): Promise<{ status: number; body: GatewayResponse }>
  team(name: string, settings: Limits): Promise<void>
  everything(settings: Limits): Promise<void>
  /** Makes a client, and returns a key of it. */
  client(name: string, settings: Limits & { team?: string }): Promise<string>
  budgets: Budget[]
}

type GatewayResponse = Record<string, unknown>

export interface FleetOptions {
  redisUrl: string
  databaseUrl: string
  size?: number
  env?: Record<string, string>
}

export async function startFleet(t: TestContext, options: FleetOptions): Promise<Fleet> {
  const { redisUrl, databaseUrl, size = 3 } = options
  const provider = await startProvider(t)
  const gateways: GatewayProcess[] = []
  const everStarted: GatewayProcess[] = []
  const budgets: Budget[] = []

  async function start(env: Record<string, string> = {}): Promise<GatewayProcess> {
    const gateway = await startProcess(t, {
      REDIS_URL: redisUrl,
      DATABASE_URL: databaseUrl,
      EZAI_BASE_URL: provider.url,
      ...options.env,
      ...env,
    })
    everStarted.push(gateway)
    await gateway.ready()
    gateways.push(gateway)
    return gateway
  }

  function forget(gateway: GatewayProcess) {
    gateways.splice(gateways.indexOf(gateway), 1)
  }

  const admin: Fleet['admin'] = async (method, path, body, gateway = gateways[0]!) => {
    const response = await fetch(`${gateway.url}/admin${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as GatewayResponse }
  }

  async function change(method: string, path: string, settings: object): Promise<GatewayResponse> {
    const { status, body } = await admin(method, path, settings)
    if (status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(body)}`)
    return body
  }

  function remember(scope: string, name: string, { budget = {} }: Limits) {
    for (const window of ['day', 'month'] as const) {
      const usd = budget[window]
      if (usd !== undefined) budgets.push({ scope, name, window, nanos: parseUsd(usd) })
    }
  }

  // One after the other: the first migrates the schema, and together they would only wait for each other.
  await start()
  await Promise.all(Array.from({ length: size - 1 }, () => start()))

  return {
    redisUrl,
    databaseUrl,
    provider,
    gateways,
    start,
    async kill(gateway) {
      forget(gateway)
      gateway.signal('SIGKILL')
      await gateway.ended
    },
    async replace(gateway) {
      forget(gateway)
      gateway.signal('SIGTERM')
      await until(async () => !(await listens(gateway.url)))
      return { next: await start({ PORT: new URL(gateway.url).port }), left: gateway.ended }
    },
    lines: () => everStarted.flatMap(({ lines }) => lines.filter(({ msg }) => msg === 'call')),
    admin,
    async team(name, settings) {
      const { id } = await change('PUT', `/teams/${name}`, settings)
      remember(`team:${id}`, `team:${name}`, settings)
    },
    async everything(settings) {
      await change('PUT', '/gateway', settings)
      remember('gateway', 'gateway', settings)
    },
    async client(name, settings) {
      const { id } = await change('POST', '/clients', { name, createTeam: true, ...settings })
      remember(`client:${id}`, `client:${name}`, settings)
      return String((await change('POST', `/clients/${name}/keys`, {})).key)
    },
    budgets,
  }
}

async function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
