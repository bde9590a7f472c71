/** Sequential calls of one caller to alternating replicas, as behind a balancer. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { message, startGateway } from '../gateway.ts'

const CALLS = 60

async function callInTurn(t: TestContext, settings: Record<string, unknown>, more = {}): Promise<number[]> {
  const first = await startGateway(t)
  const { redisUrl, databaseUrl, provider } = first
  const second = await startGateway(t, { redisUrl, databaseUrl, provider })
  provider.use(() => 'usage 1 in 1 out')
  const key = await first.client({ name: 'sequential', cache: { enabled: false }, ...settings })
  const statuses: number[] = []
  for (let i = 0; i < CALLS; i++) {
    const gateway = i % 2 === 0 ? first : second
    const response = await gateway.post('/v1/messages', key, message(`call ${i}`, more))
    await response.arrayBuffer()
    statuses.push(response.status)
  }
  return statuses
}

const served = new Array<number>(CALLS).fill(200)

for (const [what, settings, more] of [
  ['one call at once', { limits: { concurrency: 1 } }, {}],
  ['one stream at once', { limits: { concurrency: 1 } }, { stream: true }],
  // Two holds of $0.0006 do not fit, and all calls together cost less than $0.0004.
  ['room for one hold', { budget: { day: 0.001 }, hold: 'ceiling' }, {}],
  // The first calls reserve 400 tokens and use 2.
  ['tokens for one call', { limits: { tokens: { capacity: 700, per: '1000h' } } }, { max_tokens: 400 }],
] as const) {
  test(`a sequential caller that alternates between two replicas is never refused: ${what}`, async t => {
    assert.deepEqual(await callInTurn(t, settings, more), served)
  })
}
