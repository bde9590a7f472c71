/** Runs the calls of a trial through one gateway, and looks at every budget meanwhile. */

import { readFile } from 'node:fs/promises'
import type { Gateway } from '../../gateway.ts'
import type { Call as Request } from '../../provider.ts'
import { type Routed, startRouted } from '../../routed.ts'
import type { Context } from '../../when-over.ts'
import { numberIn } from '../traffic.ts'
import { changeConfiguration } from './change-configuration.ts'
import { type Looks, lookAtBudgets } from './looks.ts'
import type { Row } from './rows.ts'
import {
  CLIENTS,
  GATEWAY_MONTH,
  type Planned,
  scenarioOf,
  servedOf,
  TIMEOUTS,
  type Trial,
  UPSTREAMS,
  type UpstreamName,
} from './trial.ts'

/** One request that an upstream got. */
export interface Asked {
  number: number
  upstream: UpstreamName
  request: Request
}

export interface Answered {
  call: Planned
  /** Undefined: the caller left. */
  id: string | undefined
  status: number | undefined
  costUsd: string | null
  /** The response came whole. */
  whole: boolean
}

export interface Ran {
  trial: Trial
  gateway: Gateway
  /** In the order in which the upstreams read them. */
  asked: Asked[]
  answered: Answered[]
  rows: Row[]
  looks: Looks
  /** Changes of the configuration during the run. */
  changes: number
}

const AT_ONCE = 16

export const clientOf = ({ number, client, leavesMs }: Planned) =>
  leavesMs === undefined ? client : `leaver-${number}`

export async function run(t: Context, trial: Trial): Promise<Ran> {
  const routed = await startRouted(t, {
    names: UPSTREAMS,
    routes: trial.routes.map(({ entry }) => entry),
    upstreams: Object.fromEntries(
      UPSTREAMS.map((name, i) => [
        name,
        {
          prices: { multiplier: trial.multipliers[i] },
          ...(TIMEOUTS[name] && { timeoutSeconds: TIMEOUTS[name] }),
        },
      ]),
    ),
    options: { env: { UPSTREAM_TIMEOUT_SECONDS: '4' } },
  })
  const { gateway } = routed
  const asked = steer(routed, trial)
  await gateway.admin('PUT', '/gateway', { budget: { month: GATEWAY_MONTH } })
  const keys = await makeClients(gateway, trial)

  const over = new AbortController()
  const looking = lookAtBudgets(gateway, over.signal)
  const content = await readFile(routed.file, 'utf8')
  // A file that has another size is certainly read again.
  const rewrite = (changes: number) => routed.write(content + ' '.repeat(changes))
  const changing = changeConfiguration(gateway, rewrite, over.signal)
  const answered = await sendAll(gateway, trial, keys)
  over.abort()
  const [looks, changes] = await Promise.all([looking, changing])
  return { trial, gateway, asked, answered, looks, changes, rows: [] }
}

/** Each upstream does what the trial says. Returns the requests as they come. */
function steer({ providers }: Routed<UpstreamName>, { calls }: Trial): Asked[] {
  const asked: Asked[] = []
  for (const upstream of UPSTREAMS) {
    const attempts = new Map<number, number>()
    providers[upstream].use(request => {
      const number = numberIn(request.body)
      const call = calls[number]!
      if (request.path.includes('count_tokens')) return `usage ${servedOf(call).input} in`
      const attempt = attempts.get(number) ?? 0
      attempts.set(number, attempt + 1)
      asked.push({ number, upstream, request })
      return scenarioOf(call, upstream, attempt)
    })
  }
  return asked
}

async function makeClients(gateway: Gateway, { calls }: Trial): Promise<Map<string, string>> {
  const keys = new Map<string, string>()
  const cache = { enabled: false }
  for (const [name, settings] of Object.entries(CLIENTS))
    keys.set(name, await gateway.client({ name, ...settings, cache }))
  for (const call of calls)
    if (call.leavesMs !== undefined)
      keys.set(clientOf(call), await gateway.client({ name: clientOf(call), budget: { day: 5 }, cache }))
  return keys
}

async function sendAll(gateway: Gateway, trial: Trial, keys: ReadonlyMap<string, string>) {
  const answered: Answered[] = []
  const waiting = [...trial.calls]
  const caller = async () => {
    for (let call = waiting.shift(); call; call = waiting.shift())
      answered.push(await sendOne(gateway, trial, call, keys.get(clientOf(call))!))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, caller))
  return answered
}

export function bodyOf({ routes }: Trial, { number, route, stream, words, ceiling }: Planned): string {
  const messages = [{ role: 'user', content: `${'x'.repeat(words)} call ${number}:` }]
  return JSON.stringify({ model: routes[route]!.model, max_tokens: ceiling, stream, messages })
}

async function sendOne(gateway: Gateway, trial: Trial, call: Planned, key: string): Promise<Answered> {
  const answered: Answered = { call, id: undefined, status: undefined, costUsd: null, whole: false }
  const signal = call.leavesMs === undefined ? null : AbortSignal.timeout(call.leavesMs)
  try {
    const response = await gateway.post('/v1/messages', key, bodyOf(trial, call), { signal })
    answered.status = response.status
    answered.id = response.headers.get('request-id') ?? undefined
    answered.costUsd = response.headers.get('x-tollgate-cost-usd')
    await response.text()
    answered.whole = true
  } catch {
    // The caller left, or the response broke off.
  }
  return answered
}
