/** Several gateways in front of three upstreams, and callers who call again. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { GatewayProcess } from '../../processes.ts'
import { ownRedis, temporaryFolder, testDatabase } from '../../servers.ts'
import { type Fleet, startFleet } from '../fleet.ts'
import type { Random } from '../random.ts'
import { type Attempt, attempt } from '../traffic.ts'
import { highest } from './charges.ts'
import type { Simulated } from './conditions.ts'
import { bodyOf } from './run.ts'
import { type ClientName, type Planned, TIMEOUTS, type Trial } from './trial.ts'

export const NAMES = ['first', 'second', 'third'] as const
const MODEL = 'claude-haiku-4-5'
/** Calls of a caller for one answer. */
const TRIES = 4

export function newTrial(): Trial {
  const targets = NAMES.map(upstream => ({ upstream, model: MODEL }) as const)
  const entry = { models: [MODEL], targets: targets.map(({ upstream }) => ({ upstream })), retries: 3 }
  return { multipliers: [1, 2, 3, 1], routes: [{ model: MODEL, targets, entry }], calls: [] }
}

/** Each call holds an amount that no other call holds, so that a row identifies its call. */
export function drawCall(
  trial: Trial,
  random: Random,
  client: ClientName,
  taken: Map<number, Planned>,
): Planned {
  for (;;) {
    const call: Planned = {
      number: trial.calls.length,
      client,
      route: 0,
      stream: random.chance(0.4),
      words: random.between(200, 3000),
      ceiling: random.between(10, 1500),
      shares: { input: random.between(1, 100) / 100, output: random.between(1, 100) / 100 },
      kinds: [],
      place: 0,
      leavesMs: undefined,
    }
    const held = highest(trial, call)
    if (taken.has(held)) continue
    taken.set(held, call)
    trial.calls.push(call)
    return call
  }
}

export async function startReplicas(t: TestContext, simulated: Simulated, trial: Trial) {
  const redis = await ownRedis(t)
  const { url: databaseUrl } = await testDatabase(t)
  const file = join(await temporaryFolder(t), 'upstreams.json')
  const upstreams = NAMES.map(name => ({
    name,
    type: 'ezai',
    baseUrl: simulated.providers[name]?.url,
    keys: [{ env: `KEY_OF_${name.toUpperCase()}` }],
    prices: { multiplier: trial.multipliers[NAMES.indexOf(name)] },
    ...(TIMEOUTS[name] && { timeoutSeconds: TIMEOUTS[name] }),
  }))
  await writeFile(file, JSON.stringify({ upstreams, routes: trial.routes.map(({ entry }) => entry) }))
  const replicas = new Map<string, GatewayProcess>()
  const keysOf = (replica: string) =>
    Object.fromEntries(NAMES.map(name => [`KEY_OF_${name.toUpperCase()}`, `key-of-${replica}`]))
  const env = { UPSTREAMS_FILE: file, UPSTREAM_TIMEOUT_SECONDS: '4', ...keysOf('replica-0') }
  const fleet = await startFleet(t, { redisUrl: redis.url, databaseUrl, size: 1, env })
  replicas.set('replica-0', fleet.gateways[0]!)
  let started = 1
  const start = async () => {
    const name = `replica-${started++}`
    replicas.set(name, await fleet.start(keysOf(name)))
  }
  await Promise.all([start(), start()])
  return { fleet, replicas, start, redisPid: redis.pid }
}

/** A caller calls again after a failure, like an SDK: each time the gateway gets a new call. */
export async function insist(fleet: Fleet, random: Random, key: string, next: () => Planned, trial: Trial) {
  const made: { call: Planned; attempt: Attempt }[] = []
  for (let tries = 0; tries < TRIES; tries++) {
    const call = next()
    const { number, client, stream } = call
    const holds = { bytes: 0, counted: 0 }
    const body = bodyOf(trial, call)
    const { url } = random.pick(fleet.gateways)
    made.push({
      call,
      attempt: await attempt(url, key, { number, client, stream, body, holds, leaves: undefined }),
    })
    const { status = 0, whole } = made.at(-1)!.attempt
    if (status < 500 && status !== 429 && status !== 0 && whole) break
    await wait(random.between(50, 300))
  }
  return made
}
