/** Calls that are admitted and settled by the money core itself, for tests that compare its counters with the ledger. */

import { rebuild } from '../../src/ledger/rebuild.ts'
import { createMoneyScripts } from '../../src/lua/index.ts'
import type { Reservation, Scope } from '../../src/lua/types.ts'
import { type Fixture, log } from './fixture.ts'

export interface Caller {
  client: string
  team?: string
}

const NO_LIMIT = Number.MAX_SAFE_INTEGER

export function claimOf(id: string, { client, team }: Caller, nanos: number): Reservation {
  const keys = [`client:${client}`, ...(team ? [`team:${team}`] : []), 'gateway']
  const scopes: Scope[] = keys.map(key => ({ key, name: key, day: NO_LIMIT, month: NO_LIMIT }))
  return { scopes, tokens: 0, nanos, entry: entryOf(id, { client, team }) }
}

function entryOf(id: string, { client, team }: Caller) {
  return { reqId: id, clientId: client, client, teamId: team, team, model: 'claude-haiku-4-5', outcome: 'ok' }
}

export function money({ redis }: Fixture) {
  const scripts = createMoneyScripts(redis)
  const options = { version: 1_000_000, maxPending: 1_000_000 }

  async function admit(id: string, caller: Caller, hold: number): Promise<number> {
    const admitted = await scripts.admit(id, claimOf(id, caller, hold), options)
    if (admitted.kind !== 'granted') throw new Error(`expected a grant, found ${admitted.kind}`)
    return admitted.at
  }

  async function settle(id: string, caller: Caller, hold: number, nanos: number, at?: number) {
    const entry = entryOf(id, caller)
    const [settled] = await scripts.settle([
      { id, reservation: claimOf(id, caller, hold), at, nanos, tokens: 0, entry },
    ])
    return settled!
  }

  return {
    ...scripts,
    admitOne: admit,
    settleOne: settle,
    /** One call, from its admission to its settlement. */
    async call(id: string, caller: Caller, nanos: number, hold = nanos + 1000) {
      return settle(id, caller, hold, nanos, await admit(id, caller, hold))
    },
  }
}

/** Completes the counters, as a replica does when it finds them missing. */
export function complete(
  { redis, scripts, pool }: Fixture,
  token = 'replica',
  heartbeatMs = 0,
): Promise<boolean> {
  const signal = new AbortController().signal
  return rebuild({ redis, scripts, pool, token, heartbeatMs, signal, log })
}

/** Reads the money of all counters. */
export async function counters({ redis, scripts }: Fixture): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for await (const scopes of scripts.scopeKeys()) {
    for (const scope of scopes) {
      for (const [field, value] of Object.entries(await redis.hgetall(`{tollgate}:scope:${scope}`))) {
        if (/:(spent|held)$/.test(field)) all[`${scope} ${field}`] = value
      }
    }
  }
  return all
}
