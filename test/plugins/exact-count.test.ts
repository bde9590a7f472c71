/** If a budget refuses a call only because of its bytes, the gateway asks the provider's token counter first. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Gateway, startGateway } from '../gateway.ts'
import { until } from '../until.ts'

const MODEL = 'claude-opus-5-5'
/** The provider's cache had all but the newest turn of a prompt of 600 KB. */
const TRUE_COUNTS = '148000 read 200 in 10 out'
const COUNTED = '148200 in'

/** A long request of a coding agent. */
function agentCall(turn: number, more: Record<string, unknown> = {}, bytes = 600_000) {
  const history = 'The quick brown fox jumps over the lazy dog. '
    .repeat(Math.ceil(bytes / 45))
    .slice(0, bytes)
  return {
    model: MODEL,
    max_tokens: 1000,
    system: [{ type: 'text', text: history, cache_control: { type: 'ephemeral' } }],
    messages: [{ role: 'user', content: `turn ${turn}` }],
    ...more,
  }
}

async function arrange(t: TestContext, settings: Record<string, unknown> = {}) {
  const gateway = await startGateway(t)
  const { provider } = gateway
  provider.use(({ path }) => (path.includes('count_tokens') ? `usage ${COUNTED}` : `usage ${TRUE_COUNTS}`))
  const key = await gateway.client({ name: 'agents', cache: { enabled: false }, ...settings })
  const questions = () => provider.calls.filter(({ path }) => path.includes('count_tokens'))
  const send = (body: unknown, init?: RequestInit) => gateway.post('/v1/messages', key, body, init)
  return { gateway, provider, key, questions, send }
}

async function detailsOf(response: Response): Promise<Record<string, string | number>> {
  const { error } = (await response.json()) as { error?: { details: Record<string, string | number> } }
  return error?.details ?? {}
}

async function settled(gateway: Gateway) {
  return until(async () => {
    const { day, concurrency } = await gateway.state('agents')
    return concurrency?.running === 0 && day?.heldUsd === 0 && day
  })
}

test('a call that fits a small budget by its exact count is admitted unchanged after one count request', async t => {
  const { gateway, provider, questions, send } = await arrange(t, { budget: { day: 1 } })

  const response = await send(agentCall(1), { headers: { 'anthropic-beta': 'a-beta' } })

  assert.equal(response.status, 200)
  assert.equal(questions().length, 1)
  const [question] = questions()
  const { max_tokens, ...asked } = agentCall(1)
  assert.deepEqual(JSON.parse(String(question?.body)), asked)
  assert.equal(question?.headers['anthropic-beta'], 'a-beta')
  assert.deepEqual(JSON.parse(String(provider.calls[1]?.body)), agentCall(1))
  assert.equal((await settled(gateway)).spentUsd, 0.0306)
})

test('a call that fits by its bytes causes no count request', async t => {
  const { questions, send } = await arrange(t, { budget: { day: 5 } })

  assert.equal((await send(agentCall(1))).status, 200)

  assert.equal(questions().length, 0)
})

test('the reservation is the count plus five percent at the call’s most expensive input price', async t => {
  const { gateway, provider, send } = await arrange(t, { budget: { day: 1 } })
  provider.use(({ path }) =>
    path.includes('count_tokens') ? `usage ${COUNTED}` : `hold, usage ${TRUE_COUNTS}`,
  )

  const response = send(agentCall(1))
  await provider.waitForCall(2)
  const { day } = await gateway.state('agents')

  // 155,610 tokens written to the cache at $5 a million, 1,000 of output at $20.
  assert.equal(day?.heldUsd, 0.79805)
  provider.release()
  assert.equal((await response).status, 200)
})

test('parallel calls share a budget that their sizes in bytes would exceed', async t => {
  const { gateway, send } = await arrange(t, { budget: { day: 2.9 } })

  const responses = await Promise.all([1, 2, 3].map(turn => send(agentCall(turn))))

  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200],
  )
  assert.equal((await settled(gateway)).spentUsd, 0.0918)
})

test('the second refusal uses the count, and is temporary if only running calls hold the budget', async t => {
  const { provider, send } = await arrange(t, { budget: { day: 1 } })
  provider.use(({ path }) =>
    path.includes('count_tokens') ? `usage ${COUNTED}` : `hold, usage ${TRUE_COUNTS}`,
  )
  const first = send(agentCall(1))
  await provider.waitForCall(2)

  const second = await send(agentCall(2))

  assert.equal(second.status, 429)
  const details = await detailsOf(second)
  assert.deepEqual([details.error_code, details.held_usd], ['budget_in_flight', 0.79805])
  provider.release()
  assert.equal((await first).status, 200)
})

const meaningless: Record<string, { call?: object; settings?: Record<string, unknown>; bytes?: number }> = {
  'a model of another provider': { call: { model: 'gpt-6-astra' } },
  'a tool that runs at the provider': {
    call: { tools: [{ type: 'web_search_20260318', name: 'web_search' }] },
    settings: { allow: ['server_tools'], budget: { day: 1 } },
  },
  'an image behind an address': {
    call: {
      messages: [
        { role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b' } }] },
      ],
    },
  },
  'a document of the provider’s files': {
    call: {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'tool_result', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] },
          ],
        },
      ],
    },
    settings: { allow: ['files'], budget: { day: 1 } },
  },
  'an unknown kind of block': {
    call: { messages: [{ role: 'user', content: [{ type: 'hologram' }] }] },
  },
  'an unknown member': { call: { memories: 'all of them' } },
  'a budget that no prompt of this size fits': { settings: { budget: { day: 0.1 } } },
}

for (const [what, { call, settings }] of Object.entries(meaningless)) {
  test(`${what} is refused without a count request`, async t => {
    const { questions, send } = await arrange(t, { budget: { day: 1 }, ...settings })

    const response = await send(agentCall(1, { ...call }))

    assert.equal(response.status, 402)
    assert.equal((await detailsOf(response)).error_code, 'request_exceeds_budget')
    assert.equal(questions().length, 0)
  })
}

test('images and documents that the request holds are counted', async t => {
  const { questions, send } = await arrange(t, { budget: { day: 1 } })
  const data = Buffer.alloc(90_000).toString('base64')
  const source = (media_type: string) => ({ type: 'base64', media_type, data })
  const content = [
    { type: 'image', source: source('image/png') },
    {
      type: 'tool_result',
      tool_use_id: 't',
      content: [{ type: 'document', source: source('application/pdf') }],
    },
    { type: 'text', text: 'what is this?' },
  ]

  assert.equal((await send(agentCall(1, { messages: [{ role: 'user', content }] }))).status, 200)

  assert.equal(questions().length, 1)
})

test('an upstream without a counter gets one count request, and the first refusal is final', async t => {
  const { provider, questions, send } = await arrange(t, { budget: { day: 1 } })
  provider.use(({ path }) => (path.includes('count_tokens') ? 'status 404' : undefined))

  for (const turn of [1, 2]) assert.equal((await send(agentCall(turn))).status, 402)

  assert.equal(questions().length, 1)
})

for (const failure of ['status 529', 'nonsense json', 'reset', 'silent']) {
  test(`a counter that fails (${failure}) leaves the first refusal in place, and gets the next count request`, async t => {
    const { gateway, provider, questions, send } = await arrange(t, { budget: { day: 1 } })
    provider.next(failure)

    const refused = await send(agentCall(1))

    assert.equal(refused.status, 402)
    assert.ok(Number((await detailsOf(refused)).estimated_usd) > 3, 'by its bytes')
    assert.equal((await settled(gateway)).spentUsd, 0)
    assert.equal((await send(agentCall(1))).status, 200)
    assert.equal(questions().length, 2)
  })
}

test('parallel calls with the same prompt share one count, also with another output limit', async t => {
  const { gateway, provider, questions, send } = await arrange(t, { budget: { day: 4 } })
  provider.use(({ path }) =>
    path.includes('count_tokens') ? `hold count, usage ${COUNTED}` : `hold, usage ${TRUE_COUNTS}`,
  )
  // 600 KB of ordinary text may be 600,000 tokens by its bytes: $3.01 each.
  const calls = [1, 1, 1].map(turn => send(agentCall(turn)))
  await until(async () => questions().length === 1)
  provider.release()
  await Promise.race(calls)
  await settled(gateway)
  provider.release('count')
  const responses = await Promise.all(calls)
  for (const max_tokens of [1001, 1002]) responses.push(await send(agentCall(1, { max_tokens }, 900_000)))

  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  )
  assert.equal(questions().length, 2, 'one a prompt')
})

test('sixty refused calls of a client with three requests an hour make three counts', async t => {
  const { gateway, questions, send } = await arrange(t, {
    budget: { day: 0.9 },
    limits: { requests: { capacity: 3, per: '1h' } },
  })
  gateway.provider.use(({ path }) => (path.includes('count_tokens') ? 'usage 170000 in' : 'usage 10 in'))
  const codes = new Set<unknown>()

  // About 180,000 tokens by the usual length, which fits; the count is one token too high.
  const startedAt = performance.now()
  for (let turn = 0; turn < 60; turn++) {
    const refused = await send(agentCall(turn, { max_tokens: 1500 }, 600_000))
    codes.add((await detailsOf(refused)).error_code)
  }
  const seconds = (performance.now() - startedAt) / 1000

  assert.deepEqual([...codes], ['request_exceeds_budget'])
  // After the third one the client waits for 1, 2, 4 … seconds.
  const atMost = 3 + Math.floor(Math.log2(seconds + 1))
  assert.ok(questions().length >= 3 && questions().length <= atMost, `${questions().length} counts`)
})

test('many parallel calls make a few parallel counts', async t => {
  const { provider, questions, send } = await arrange(t, { budget: { day: 0.9 } })
  provider.use(({ path }) => (path.includes('count_tokens') ? 'delay 4000ms, usage 170000 in' : undefined))

  const responses = await Promise.all(
    Array.from({ length: 30 }, (_, turn) => send(agentCall(turn, { max_tokens: 1500 }))),
  )

  assert.ok(responses.every(({ status }) => status === 402))
  assert.ok(questions().length <= 8, `${questions().length} counts`)
})

test('a count whose call is admitted frees its place for the next count', async t => {
  const { questions, send } = await arrange(t, { budget: { day: 1.2 } })

  for (let turn = 0; turn < 10; turn++) assert.equal((await send(agentCall(turn))).status, 200)

  assert.equal(questions().length, 10)
})

test('a call that the request bucket refuses causes no count, and gets the wait of that bucket', async t => {
  const { questions, send } = await arrange(t, {
    budget: { day: 1 },
    limits: { requests: { capacity: 1, per: '1h' } },
  })
  assert.equal((await send(agentCall(1))).status, 200)

  const refused = await send(agentCall(2))

  assert.equal(refused.status, 429)
  const details = await detailsOf(refused)
  assert.equal(details.limit, 'requests')
  const wait = Number(details.retry_after_ms)
  assert.ok(wait > 3_500_000 && wait <= 3_600_000, `${wait}`)
  assert.equal(questions().length, 1)
})

test('a call that fits a new day but not the rest of this one is refused with the time of the reset', async t => {
  const { gateway, provider, questions, send } = await arrange(t, { budget: { day: 1 } })
  provider.next('usage 10 in 30000 out')
  assert.equal((await send({ ...agentCall(1, { max_tokens: 40_000 }, 100) })).status, 200)
  await settled(gateway)

  const refused = await send(agentCall(2))

  assert.equal(refused.status, 402)
  const details = await detailsOf(refused)
  assert.equal(details.error_code, 'budget_exceeded')
  assert.match(String(details.resets_at), /T00:00:00/)
  assert.equal(questions().length, 1)
})

test('agent calls never cost more than their holds, and use the budget completely', async t => {
  const { gateway, provider, send } = await arrange(t, { budget: { day: 1.5 } })
  // As in real use: a token is some four bytes, and all but the newest turn was cached before.
  provider.use(({ path, body }) => {
    const tokens = Math.floor(body.length / 4.05)
    return path.includes('count_tokens') ? `usage ${tokens} in` : `usage 200 in ${tokens - 200} read 300 out`
  })
  let refused: Record<string, string | number> = {}
  /** Sends calls of one size until the budget refuses one. */
  async function work(bytes: number): Promise<number> {
    for (let served = 0; ; served++) {
      const response = await send(agentCall(served, { max_tokens: 500 }, bytes))
      refused = await detailsOf(response)
      if (response.status !== 200) return served
    }
  }

  const large = await work(600_000)
  const middle = await work(60_000)
  // One short request with exactly the output limit of the refusal spends the rest.
  const ask = (max_tokens: number) => ({
    model: MODEL,
    max_tokens,
    messages: [{ role: 'user', content: 'and?' }],
  })
  const fits = Number((await detailsOf(await send(ask(100_000)))).max_tokens_that_fit)
  provider.next(`usage 10 in ${fits} out`)
  const last = await send(ask(fits))

  assert.equal(last.status, 200)
  assert.equal(refused.error_code, 'budget_exceeded')
  const { spentUsd } = await settled(gateway)
  assert.ok(Number(spentUsd) <= 1.5 && Number(spentUsd) > 1.5 * 0.999, `spent ${spentUsd}`)
  const rows = await until(async () => {
    const calls = (await gateway.admin('GET', '/calls?limit=500')).body.calls as Record<string, number>[]
    return calls.length === large + middle + 1 && calls
  })
  for (const { costUsd, heldUsd } of rows)
    assert.ok(Number(heldUsd) >= Number(costUsd), `held ${heldUsd}, cost ${costUsd}`)
  const [first] = rows.slice(-1)
  t.diagnostic(
    `${large} calls of 600 KB, ${middle} of 60 KB, 1 of the rest: $${spentUsd} of $1.5; ` +
      `600 KB cost $${first?.costUsd} and held $${first?.heldUsd} ($3.01 by bytes)`,
  )
  assert.ok(large >= 15, `${large} large calls`)
})

for (const [what, spent] of [
  ['of a fresh day', 0],
  ['of what is left', 0.4],
] as const) {
  test(`the refusal of too large an output limit names the largest one that fits ${what}, by the exact count`, async t => {
    const { gateway, provider, questions, send } = await arrange(t, { budget: { day: 0.6 }, hold: 'ceiling' })
    provider.use(({ path }) => (path.includes('count_tokens') ? 'usage 21000 in' : 'usage 1 in 1 out'))
    if (spent > 0) {
      provider.next(`usage 1 in ${spent * 50_000} out`)
      await send({ model: MODEL, max_tokens: 20_000, messages: [{ role: 'user', content: 'hi' }] })
      await settled(gateway)
    }
    const call = (max_tokens: number) => agentCall(1, { max_tokens }, 105_000)

    const refused = await send(call(64_000))

    const { max_tokens_that_fit: fits } = await detailsOf(refused)
    assert.equal(refused.status, 402)
    assert.equal((await send(call(Number(fits) + 1))).status, 402)
    assert.equal((await send(call(Number(fits)))).status, 200)
    assert.equal(questions().length, 1)
  })
}
