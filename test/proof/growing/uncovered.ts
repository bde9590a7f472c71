/** Costs that growing holds cannot cover: docs/money.md states their bounds. */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Gateway, message, startGateway } from '../../gateway.ts'
import { table, today } from '../../pricing/usage.ts'
import { newClient, startProcess } from '../../processes.ts'
import { startProvider } from '../../provider.ts'
import { ownRedis, testDatabase, testRedis } from '../../servers.ts'
import { until } from '../../until.ts'
import { type Row, readLedger } from '../reconciliation.ts'

const MODEL = 'claude-haiku-4-5'
const RATE = table.find(MODEL, today)?.maxOutputTokensPerSecond ?? 0
const INPUT_NANOS = 1000
const OUTPUT_NANOS = 5000
const NANOS = 1e9

/** A call of so many seconds that generates at four fifths of the highest rate, and what it costs. */
function callOf(seconds: number) {
  const output = Math.floor(0.8 * RATE * seconds)
  const prompt = `[[scenario: usage 100 in ${output} out, delay ${seconds * 1000}ms]]`
  return {
    body: message(prompt, { model: MODEL, max_tokens: 64_000 }),
    nanos: 100 * INPUT_NANOS + output * OUTPUT_NANOS,
  }
}

export async function vanishedReplica(t: TestContext) {
  const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
  const provider = await startProvider(t)
  const env = { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl, EZAI_BASE_URL: provider.url }
  const [vanishing, other] = [await startProcess(t, env), await startProcess(t, env)]
  await Promise.all([vanishing.ready(), other.ready()])
  const limit = 0.05 * NANOS
  const key = await newClient(vanishing.url, 'agent', { budget: { day: 0.05 } })
  const { body, nanos } = callOf(45)
  const response = send(vanishing.url, key, body)
  await provider.waitForCall()

  vanishing.signal('SIGSTOP')
  const lost = await rowOf(databaseUrl, ({ outcome }) => outcome === 'lost')
  vanishing.signal('SIGCONT')
  await response
  const corrected = await rowOf(databaseUrl, ({ seq }) => seq === 1)

  assert.equal(lost.cost, lost.held, 'the hold is charged first')
  assert.equal(lost.cost + corrected.cost, nanos, 'and then the true cost')
  const bound = 64_000 * OUTPUT_NANOS
  assert.ok(nanos > limit, 'the budget is overspent')
  assert.ok(nanos - limit <= bound - lost.held, 'by no more than the output limit less the hold')
}

export async function redisAway(t: TestContext) {
  const redis = await ownRedis(t)
  const gateway = await startGateway(t, { redisUrl: redis.url })
  const limit = 0.05
  const key = await gateway.client({ name: 'agent', budget: { day: limit }, cache: { enabled: false } })
  const { body, nanos } = callOf(18)
  const response = gateway.post('/v1/messages', key, body)
  await gateway.provider.waitForCall()

  process.kill(redis.pid, 'SIGSTOP')
  const refused = await gateway.post('/v1/messages', key, message('another one'))
  const served = await response
  process.kill(redis.pid, 'SIGCONT')

  assert.deepEqual([refused.status, served.status], [503, 200])
  const { costUsd, heldUsd } = await callIn(gateway)
  assert.equal(costUsd, nanos / NANOS)
  assert.ok(heldUsd <= limit && costUsd > limit, `held ${heldUsd}, cost ${costUsd}`)
  const { day } = await gateway.state('agent')
  assert.deepEqual([day?.spentUsd, day?.heldUsd], [costUsd, 0])
  assert.ok(gateway.lines.some(({ msg }) => msg === 'a call cost more than it held'))
}

function send(url: string, key: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json', 'x-api-key': key, 'anthropic-version': '2023-06-01' }
  return fetch(`${url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify(body) }).then(
    response => response.text(),
    () => 'cut',
  )
}

function rowOf(databaseUrl: string, isIt: (row: Row) => boolean): Promise<Row> {
  return until(async () => (await readLedger(databaseUrl)).find(isIt))
}

async function callIn(gateway: Gateway): Promise<{ costUsd: number; heldUsd: number }> {
  return until(async () => {
    const { body } = await gateway.admin('GET', '/calls?client=agent')
    // The refused call has a row as well: whether its admission arrived is unknown.
    return (body.calls as { costUsd: number; heldUsd: number }[] | undefined)?.find(
      ({ costUsd }) => costUsd > 0,
    )
  })
}
