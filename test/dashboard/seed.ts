/** A gateway with clients, teams, budgets and calls of each outcome. */

import { type Gateway, message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'
import type { Context } from '../when-over.ts'

export interface SeededGateway extends Gateway {
  /** A key of the client that may call. */
  key: string
}

/** Waits until calls are settled and in the ledger, and refusals are counted. */
export async function startSeededGateway(t: Context): Promise<SeededGateway> {
  const gateway = await startGateway(t)
  await gateway.admin('PUT', '/teams/web', { budget: { month: 500 } })
  await gateway.admin('PUT', '/gateway', { budget: { day: 100, month: 1000 } })
  const key = await gateway.client({
    name: 'frontend',
    team: 'web',
    models: ['claude-haiku-*'],
    budget: { day: 5, month: 100 },
    limits: { requests: { capacity: 100, per: '1h' }, concurrency: 20 },
  })
  const poor = await gateway.client({ name: 'poor', budget: { day: 0.000001 } })
  await gateway.admin('POST', '/clients', { name: 'spare', budget: { day: 2 } })
  await gateway.post('/v1/messages', key, message('two'))
  // The response is cached after it was sent.
  await until(async () => {
    const { headers } = await gateway.post('/v1/messages', key, message('one'))
    return headers.get('x-cache') === 'HIT'
  })
  await gateway.post('/v1/messages', poor, message('too dear'))
  await gateway.post('/v1/messages', key, message('not mine', { model: 'claude-opus-5-5' }))
  await until(async () => (await total(gateway, '/calls', 'calls')) >= 3)
  await until(async () => (await total(gateway, '/refusals', 'rows')) >= 2)
  return { ...gateway, key }
}

async function total({ admin }: Gateway, path: string, list: string): Promise<number> {
  const found = (await admin('GET', path)).body[list]
  return Array.isArray(found) ? found.length : 0
}
