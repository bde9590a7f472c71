/** A rolling upgrade under load: no call fails behind a balancer that never retries. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { NOTICES_WITHIN, startBalancer } from '../balancer.ts'
import { testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'
import { assertServedIsCharged, assertToldOnce } from './agreement.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { type Random, randomFrom, seedOf } from './random.ts'
import { allQuiet, assertBalanced, overspend } from './reconciliation.ts'
import { type Attempt, attempt, type Call, drawCalls, type Kinds, PEACEFUL } from './traffic.ts'

const CALLERS = 16
/** Between two calls of one caller, milliseconds: connections lie idle, and are used again. */
const PAUSE = 300
/** New calls are served until the balancer has noticed, even on a busy machine. */
const DELAY = 30 * NOTICES_WITHIN
/** Longer than a drain's delay: they begin before it, and end when new calls go elsewhere. */
const LONG: Kinds = [[15, () => ({ stream: true, scenario: `slow-stream 100 chunks ${DELAY / 50}ms` })]]

test('a rolling replacement of three gateways fails no call, cuts no stream and leaves no hold', async t => {
  const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
  const random = randomFrom(seedOf(t, 31))
  const env = { DRAIN_DELAY_SECONDS: String(DELAY / 1000), DRAIN_SECONDS: '60' }
  const fleet = await startFleet(t, { redisUrl, databaseUrl, env })
  await fleet.everything({ budget: { month: 100 } })
  const key = await fleet.client('frontend', { budget: { day: 100 }, limits: { concurrency: 100 } })
  const old = [...fleet.gateways]
  const balancer = await startBalancer(
    t,
    old.map(({ url }) => url),
  )
  for (const { url } of old) await balancer.uses(url)
  const calls = drawCalls({ random, clients: ['frontend'], count: 4000, kinds: [...PEACEFUL, ...LONG] })

  const calling = keepCalling({ calls, random, call: one => attempt(balancer.url, key, one) })
  const codes = []
  for (const gateway of old) {
    const { next, left } = await fleet.replace(gateway)
    codes.push(left)
    await balancer.uses(next.url)
    await until(async () => next.lines.some(({ msg }) => msg === 'call'))
  }
  const attempts = await calling.stop()

  assert.deepEqual(await Promise.all(codes), [0, 0, 0], 'each left with exit code 0')
  t.diagnostic(
    `${attempts.length} calls, ${attempts.filter(({ call }) => call.stream).length} of them streams`,
  )
  await allQuiet(fleet)
  const rows = await assertBalanced(fleet)
  assert.equal(overspend(rows), 0)
  assert.deepEqual(assertServedIsCharged({ fleet, calls, rows }), [], 'no call was lost')
  await assertToldOnce({ fleet, attempts, rows })
  const slow = idsOfTimeouts(fleet)
  const judged = attempts.filter(({ id }) => !slow.has(id))
  const charged = rows.filter(({ id }) => !slow.has(id))
  assert.deepEqual(
    judged
      .filter(({ status, whole }) => status !== 200 || !whole)
      .map(({ call: { number, stream }, status, whole, details }) => ({
        number,
        stream,
        status,
        whole,
        details,
      })),
    [],
    'failed or cut',
  )
  assert.deepEqual(
    charged.filter(({ outcome, estimated }) => outcome !== 'ok' || estimated),
    [],
    'every call came to its end',
  )
  assert.equal(charged.length, judged.length)
})

/** Calls that Redis admitted too late, because the machine is busy. The replacement of a gateway does not cause that. */
function idsOfTimeouts(fleet: Fleet): Set<string | undefined> {
  const late = fleet.lines().filter(({ error }) => error === 'Command timed out')
  return new Set(late.map(({ reqId }) => String(reqId)))
}

/** Callers who make one call after the other, with pauses, until they are stopped. */
function keepCalling({
  calls,
  random,
  call,
}: {
  calls: readonly Call[]
  random: Random
  call(one: Call): Promise<Attempt>
}): { stop(): Promise<Attempt[]> } {
  const waiting = [...calls]
  const attempts: Attempt[] = []
  let isOver = false
  async function keep() {
    for (let next = waiting.shift(); next && !isOver; next = waiting.shift()) {
      attempts.push(await call(next))
      await wait(random.between(0, PAUSE))
    }
  }
  const callers = Promise.all(Array.from({ length: CALLERS }, keep))
  return {
    async stop() {
      isOver = true
      await callers
      return attempts
    },
  }
}
