/** Kills replicas while they run an attempt, and between two attempts of a call. */

import { setTimeout as wait } from 'node:timers/promises'
import type { GatewayProcess } from '../../processes.ts'
import { until } from '../../until.ts'
import type { Fleet } from '../fleet.ts'
import type { Random } from '../random.ts'
import type { Simulated } from './conditions.ts'
import type { Asked } from './run.ts'

/**
 * `running`: during an attempt. `cut`: just after an attempt was broken off. `paused`: the same while Redis does not reply,
 * so that the replica waits for the admission of the next attempt.
 */
export type Moment = 'running' | 'cut' | 'paused'

interface Killing {
  fleet: Fleet
  simulated: Simulated
  random: Random
  redisPid: number
  /** The replica whose upstream keys have this number. */
  replicas: Map<string, GatewayProcess>
  /** Starts one more, and adds it. */
  start(): Promise<void>
}

/** After each of these numbers of requests one replica is killed, and replaced. */
export async function killAt(
  killing: Killing,
  plan: readonly { after: number; moment: Moment }[],
): Promise<void> {
  for (const { after, moment } of plan) {
    await until(() => killing.simulated.asked.length >= after)
    await killOne(killing, moment)
    await killing.start()
  }
}

async function killOne(killing: Killing, moment: Moment): Promise<void> {
  const { fleet, simulated, random, redisPid, replicas } = killing
  const victim = Promise.withResolvers<string>()
  simulated.onRequest((asked, scenario) => {
    const isRight = moment === 'running' ? scenario !== 'unread' : scenario === 'unread'
    const name = replicaOf(asked)
    if (!isRight || !replicas.has(name)) return
    simulated.onRequest(() => {})
    if (moment === 'paused') process.kill(redisPid, 'SIGSTOP')
    victim.resolve(name)
  })
  const name = await victim.promise
  const gateway = replicas.get(name)!
  replicas.delete(name)
  try {
    // Any moment is right; the random one meets the attempt, its charge or the next admission.
    await wait(moment === 'paused' ? 50 : random.between(0, 15))
    await fleet.kill(gateway)
  } finally {
    if (moment === 'paused') process.kill(redisPid, 'SIGCONT')
  }
}

function replicaOf({ request: { headers } }: Asked): string {
  return /replica-\d+/.exec(`${headers['x-api-key']} ${headers.authorization}`)?.[0] ?? ''
}
