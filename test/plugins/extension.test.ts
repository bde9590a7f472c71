/** Growing holds through the API: the first hold, its extension, and the stop of a call without room. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { chat, type Gateway, message, startGateway } from '../gateway.ts'
import { table, today } from '../pricing/usage.ts'
import { until } from '../until.ts'

const MODEL = 'claude-haiku-4-5'
const RATE = table.find(MODEL, today)?.maxOutputTokensPerSecond ?? 0
/** US dollars that one second of output can cost. */
const SECOND = (RATE * 5) / 1e6
const LONG = { max_tokens: 64_000 }
const silent = '[[scenario: usage 50 in, slow-stream 10 chunks 0ms, stall after 3]]'

async function arrange(t: TestContext, settings: Record<string, unknown>) {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', cache: { enabled: false }, ...settings })
  return { gateway, key }
}

async function day(gateway: Gateway) {
  const { day } = await gateway.state('frontend')
  return { spent: Number(day?.spentUsd), held: Number(day?.heldUsd) }
}

/** The ledger's newest row. */
async function row(gateway: Gateway): Promise<Record<string, unknown>> {
  return until(async () => {
    const { body } = await gateway.admin('GET', '/calls?client=frontend')
    return (body.calls as Record<string, unknown>[])[0]
  })
}

test('a call holds its input and its first seconds of output, whatever its output limit', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 0.1 } })
  const response = await gateway.post('/v1/messages', key, message(silent, { ...LONG, stream: true }))

  const { held } = await day(gateway)

  assert.equal(response.status, 200)
  assert.ok(held > 8 * SECOND && held < 9 * SECOND, `${held}`)
})

test('with hold: ceiling a call holds its whole output limit from the start', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 1 }, hold: 'ceiling' })
  const response = await gateway.post('/v1/messages', key, message(silent, { ...LONG, stream: true }))

  const { held } = await day(gateway)

  assert.equal(response.status, 200)
  assert.ok(held > 0.32, `${held}`)
})

test('a hold grows while its call runs, and is released when the call ends', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 5 } })
  const caller = new AbortController()
  const body = message(silent, { ...LONG, stream: true })
  const response = await gateway.post('/v1/messages', key, body, { signal: caller.signal })
  const { held: first } = await day(gateway)

  await until(async () => (await day(gateway)).held > first + 3 * SECOND)
  assert.equal(response.status, 200)
  caller.abort()

  const { costUsd, heldUsd } = await row(gateway)
  assert.ok(Number(costUsd) < Number(heldUsd), `${costUsd} of ${heldUsd}`)
  assert.deepEqual(await day(gateway), { spent: costUsd, held: 0 })
})

test('a stream ends with an error event if a budget has no room for its next seconds', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 9 * SECOND } })
  const response = await gateway.post('/v1/messages', key, message(silent, { ...LONG, stream: true }))

  let text = ''
  await assert.rejects(async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk
  }, 'the socket is destroyed')

  const [, data = ''] = /event: error\ndata: (.*)\n/.exec(text) ?? []
  const { error } = JSON.parse(data)
  assert.equal(error.type, 'billing_error')
  assert.equal(error.details.error_code, 'budget_exceeded')
  assert.match(
    error.message,
    /^The call was stopped: \$[\d.]+ of \$[\d.]+ is left in client:frontend's budget/,
  )
  const { costUsd, outcome, estimated } = await row(gateway)
  assert.deepEqual([outcome, estimated], ['interrupted', true])
  assert.ok(Number(costUsd) > 4 * SECOND && Number(costUsd) <= 9 * SECOND, `${costUsd}`)
  assert.equal((await day(gateway)).held, 0)
  assert.ok(!gateway.lines.some(({ msg }) => msg === 'a call cost more than it held'))
})

test('a JSON call gets 402 if a budget has no room for its next seconds', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 9 * SECOND } })

  const response = await gateway.post('/v1/messages', key, message('[[scenario: delay 60000ms]]', LONG))

  assert.equal(response.status, 402)
  assert.equal(response.headers.get('x-should-retry'), 'false')
  const { error } = (await response.json()) as { error: { details: Record<string, unknown> } }
  assert.equal(error.details.error_code, 'budget_exceeded')
  const { costUsd } = await row(gateway)
  assert.ok(Number(costUsd) > 4 * SECOND && Number(costUsd) <= 9 * SECOND, `${costUsd}`)
  await gateway.provider.waitForAbort()
})

test('a request without an output limit gets none, and holds its first seconds', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 5 } })

  const response = await gateway.post('/v1/chat/completions', key, chat('hello'))

  assert.equal(response.status, 200)
  assert.equal(response.headers.get('x-tollgate-max-tokens'), null)
  assert.equal('max_completion_tokens' in JSON.parse(gateway.provider.calls[0]!.body.toString()), false)
})

test('a model that reasons in parallel holds its whole output limit', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 5 } })

  const response = await gateway.post('/v1/responses', key, {
    model: 'o3-pro',
    input: 'hello',
    max_output_tokens: 64_000,
  })

  const { error } = (await response.json()) as { error: { details: Record<string, unknown> } }
  assert.equal(error.details.error_code, 'request_exceeds_budget')
  assert.ok(Number(error.details.estimated_usd) > 5)
})

test('a response faster than its output rate raises an alert, and later calls hold more', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 50 } })
  const send = () => gateway.post('/v1/messages', key, message('[[scenario: usage 10 in 20000 out]]', LONG))
  await send()
  const fast = await row(gateway)

  await send()

  const { body } = await gateway.admin('GET', '/alerts')
  const alerts = body.alerts as { kind: string; title: string }[]
  assert.match(
    alerts.find(({ kind }) => kind === 'output_rate_exceeded')?.title ?? '',
    /^claude-haiku-4-5 at ezai generated 4000 tokens a second; the price table says at most 700\./,
  )
  const corrected = await until(async () => {
    const found = await row(gateway)
    return found.id !== fast.id && found
  })
  const heldForInput = Number(fast.heldUsd) - 8 * SECOND
  assert.ok(heldForInput > 0 && heldForInput < 0.001, 'the first call held 8 seconds of output')
  assert.equal(Number(fast.costUsd), 0.10001, 'and cost 20,000 tokens')
  assert.ok(Number(corrected.costUsd) < Number(corrected.heldUsd), 'the next one does not')
})

test('tools that run at the provider hold their fee and the largest input for each use, and may cost more', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 50 }, allow: ['server_tools'] })
  const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }]

  await gateway.post('/v1/messages', key, message('[[scenario: usage 900000 in 10 out]]', { tools }))

  const { heldUsd, unbounded } = await row(gateway)
  // Four times the largest input of 200,000 tokens at $1, three fees of $0.01, and 100 tokens of output.
  assert.deepEqual([heldUsd, unbounded], [4 * 0.2 + 3 * 0.01 + 0.0005, true])
  assert.ok(!gateway.lines.some(({ msg }) => msg === 'a call cost more than it held'))
  const { body } = await gateway.admin('GET', '/alerts')
  assert.deepEqual(
    (body.alerts as { kind: string }[]).filter(({ kind }) => kind === 'overspend'),
    [],
  )
})

test('a refusal names the money left, the call’s need and the output limit that fits, in numbers that add up', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 0.02 } })
  await gateway.post('/v1/messages', key, message('[[scenario: usage 500 in 2 out]]'))
  await until(async () => (await day(gateway)).spent > 0)

  const response = await gateway.post('/v1/messages', key, message('hello', { max_tokens: 3900 }))

  const { error } = (await response.json()) as { error: { message: string; details: Record<string, number> } }
  const numbers =
    /^\$([\d.]+) of \$([\d.]+) is left .* \(\$([\d.]+) is spent, \$([\d.]+) is held by running calls\); this call may need \$([\d.]+); a max_tokens of ([\d,]+) fits\.$/
  const [, left, limit, spent, held, needed, fits] = numbers.exec(error.message) ?? assert.fail(error.message)
  assert.equal(Number(left) + Number(spent) + Number(held), Number(limit))
  assert.ok(Number(needed) > Number(left))
  assert.equal(Number(fits?.replace(',', '')), error.details.max_tokens_that_fit)
})

test('a call whose need cannot be computed does not stop the renewal of other leases', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 5 } })
  const body = message(silent, { ...LONG, stream: true })
  const responses = [
    await gateway.post('/v1/messages', key, body),
    await gateway.post('/v1/messages', key, body),
  ]
  const [first] = gateway.app.running
  const { request } = first ?? assert.fail()
  Object.assign(request.meter ?? assert.fail(), { outputSoFar: () => assert.fail('a fault of the meter') })
  const leases = () => gateway.app.redis.zrange('{tollgate}:leases', '0', '-1', 'WITHSCORES')
  const ends = async () => (await leases()).filter((_, i) => i % 2 === 1).map(Number)
  const latest = Math.max(...(await ends()))

  await until(async () => (await ends()).every(end => end > latest))

  assert.equal((await ends()).length, responses.length)
})
