/** The charge if an upstream reports its usage, its cost or its model in a form of its own. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { chat, type Gateway, message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'
import { upstream } from '../upstream.ts'

const ANTHROPIC = '/v1/messages'
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'

interface Charge {
  costUsd: number
  heldUsd: number
  estimated: boolean
  estimate?: string
}

/** A gateway whose upstream sends the next of some bodies: objects as JSON, texts as event streams. */
async function arrange(t: TestContext) {
  const replies: (object | string)[] = []
  const url = await upstream(t, response => {
    const next = replies.shift() ?? {}
    const isStream = typeof next === 'string'
    response.setHeader('content-type', isStream ? 'text/event-stream' : 'application/json')
    response.end(isStream ? next : JSON.stringify(next))
  })
  const gateway = await startGateway(t, { env: { EZAI_BASE_URL: url } })
  const allow = ['server_tools']
  const key = await gateway.client({
    name: 'frontend',
    budget: { day: 50 },
    cache: { enabled: false },
    allow,
  })
  let made = 0
  return {
    gateway,
    async charge(path: string, body: object, reply: object | string): Promise<Charge> {
      replies.push(reply)
      const response = await gateway.post(path, key, body)
      await response.text().catch(() => 'cut')
      made++
      const rows = await until(async () => {
        const { body: page } = await gateway.admin('GET', '/calls?client=frontend')
        const calls = page.calls as Charge[]
        return calls.length === made ? calls : undefined
      })
      return rows[0] ?? assert.fail()
    },
  }
}

/** Usage of 1000 input and 100 output tokens on gpt-6-luna costs this. */
const full = { prompt_tokens: 1000, completion_tokens: 100 }
const textChunk = `data: {"choices":[{"index":0,"delta":{"content":"${'word '.repeat(1000)}"},"finish_reason":null}]}\n\n`
const usageChunk = (usage: object) => `data: ${JSON.stringify({ choices: [], usage })}\n\n`

for (const later of [
  { prompt_tokens: 0, completion_tokens: 0 },
  { prompt_tokens: 10, completion_tokens: 1 },
  {},
]) {
  test(`a later usage ${JSON.stringify(later)} does not undo a larger one`, async t => {
    const { charge } = await arrange(t)
    const body = chat('hello', { stream: true })
    const { costUsd: once } = await charge(CHAT, body, `${usageChunk(full)}data: [DONE]\n\n`)

    const { costUsd } = await charge(CHAT, body, `${usageChunk(full)}${usageChunk(later)}data: [DONE]\n\n`)

    assert.ok(once > 0)
    assert.equal(costUsd, once)
  })
}

for (const usage of [
  { total_tokens: 1000 },
  { input_tokens: 1000, total_tokens: 1000 },
  { prompt_tokens: 900, total_tokens: 1000 },
]) {
  test(`embeddings with the usage ${JSON.stringify(usage)} are charged 1000 tokens`, async t => {
    const { charge } = await arrange(t)
    const body = { model: 'text-embedding-3-small', input: 'hello' }
    const data = [{ object: 'embedding', index: 0, embedding: [0] }]

    const { costUsd, estimated } = await charge('/v1/embeddings', body, { data, usage })

    assert.deepEqual([costUsd, estimated], [0.00002, false])
  })
}

test('a usage of zero tokens is ignored, and the received text is charged', async t => {
  const { charge } = await arrange(t)
  const none = usageChunk({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 })

  const stream = await charge(CHAT, chat('hello', { stream: true }), `${textChunk}${none}data: [DONE]\n\n`)

  assert.ok(stream.costUsd > 0)
  assert.equal(stream.estimated, true)
})

async function raised(gateway: Gateway, kind: string): Promise<object[]> {
  const { body } = await gateway.admin('GET', '/alerts')
  return (body.alerts as { kind: string }[]).filter(one => one.kind === kind)
}

const completion = (more: object) => ({
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
  ...more,
})

test('an aggregator’s spelling of a model gets the price of that model', async t => {
  const { charge, gateway } = await arrange(t)
  const { usage } = completion({})
  const streamed = (model: string) =>
    `data: ${JSON.stringify({ model, choices: [{ index: 0, delta: { content: 'Hi' } }] })}\n\n` +
    `data: ${JSON.stringify({ model, choices: [], usage })}\n\ndata: [DONE]\n\n`
  const body = { ...chat('hello'), model: 'gpt-4o-mini' }
  for (const model of [
    'openai/gpt-4o-mini-2024-07-18',
    'GPT-4o-mini',
    'gpt-4o-mini:free',
    'gpt-4o-mini@2024-07-18',
  ])
    for (const reply of [completion({ model }), streamed(model)]) {
      const stream = typeof reply === 'string'
      const { costUsd, estimated } = await charge(CHAT, { ...body, stream }, reply)
      assert.deepEqual([costUsd, estimated], [0.00021, false], model)
    }
  const claude = { content: [], usage: { input_tokens: 1000, output_tokens: 100 } }
  for (const model of [
    'anthropic/claude-4.5-haiku-20251001',
    'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  ]) {
    const { costUsd, estimated } = await charge(ANTHROPIC, message('hello'), { ...claude, model })
    assert.deepEqual([costUsd, estimated], [0.0015, false], model)
  }
  assert.deepEqual(await raised(gateway, 'unknown_model'), [])
})

test('a model without a price is charged at the price of the requested model, estimated, and alerted once', async t => {
  const { charge, gateway } = await arrange(t)
  const body = { ...chat('hello'), model: 'gpt-4o-mini' }

  for (const model of ['own-model', 'own-model', 'other/model-7']) {
    const { costUsd, estimated, estimate } = await charge(CHAT, body, completion({ model }))
    assert.deepEqual([costUsd, estimated, estimate], [0.00021, true, 'at the price of gpt-4o-mini'])
  }

  const alerts = await until(async () => {
    const found = await raised(gateway, 'unknown_model')
    return found.length > 0 ? found : undefined
  })
  assert.equal(alerts.length, 1)
})

test('the larger of the price of the usage and the cost that the upstream states is charged, and the difference counted', async t => {
  const { charge, gateway } = await arrange(t)
  const body = { ...chat('hello'), model: 'gpt-4o-mini' }
  const costs = async (usage: object) => (await charge(CHAT, body, completion({ usage }))).costUsd
  const details = { completion_tokens_details: { reasoning_tokens: 256 } }

  assert.equal(
    await costs({ prompt_tokens: 113, completion_tokens: 327, total_tokens: 440, ...details, cost: 0.00597 }),
    0.00597,
  )
  assert.equal(
    await costs({ prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100, cost: 0.0002 }),
    0.00021,
  )
  assert.equal(await costs({ prompt_tokens: 66, completion_tokens: 6, total_tokens: 100 }), 0.0000303)
  assert.equal(
    await costs({ prompt_tokens: 24, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 161 } }),
    0.000021675,
  )

  const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
  const expected = 0.00597 - (113 * 0.15 + 327 * 0.6) / 1e6
  const counted = Number(/^tollgate_usage_shortfall_usd_total (.*)$/m.exec(metrics)?.[1])
  assert.ok(Math.abs(counted - expected) < 1e-8, `${counted}`)
  assert.match(metrics, /^tollgate_usage_shortfall_tokens_total 28$/m)
  await until(async () => (await raised(gateway, 'usage_shortfall')).length === 1)
})

test('a run of a tool without a fee costs nothing', async t => {
  const { charge } = await arrange(t)
  const server_tool_use = { tool_search_requests: 2, web_search_requests: 0 }
  const usage = { input_tokens: 1900, output_tokens: 80, server_tool_use }
  const body = message('hello', {
    model: 'claude-sonnet-4-6',
    tools: [{ type: 'tool_search_tool_regex_20251119', name: 'x' }],
  })

  const { costUsd, estimated } = await charge(ANTHROPIC, body, { content: [], usage })

  assert.deepEqual([costUsd, estimated], [0.0069, false])
})

test('a large response is charged by the tier in its middle', async t => {
  const { charge } = await arrange(t)
  const parameters = { description: 'x'.repeat(280_000) }
  const reply = {
    id: 'resp_1',
    status: 'completed',
    instructions: 'y'.repeat(20_000),
    model: 'gpt-6-sol',
    output: [],
    service_tier: 'priority',
    tools: [{ type: 'function', name: 'x', parameters }],
    usage: { input_tokens: 100_000, output_tokens: 1000, total_tokens: 101_000 },
    metadata: { text: 'z'.repeat(100_000) },
  }
  const event = (type: string, response: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, response })}\n\n`
  const stream =
    event('response.created', { ...reply, service_tier: 'auto', usage: null }) +
    event('response.completed', reply)
  const body = { model: 'gpt-6-sol', input: 'hello', max_output_tokens: 1000 }

  for (const one of [reply, stream]) {
    const { costUsd, estimated } = await charge(RESPONSES, { ...body, stream: one === stream }, one)
    assert.deepEqual([costUsd, estimated], [0.42, false])
  }
})

test('an error before any output costs nothing, also if output may be hidden', async t => {
  const { charge } = await arrange(t)
  const event = (type: string, data: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
  const error = { type: 'server_error', code: 'server_error', message: 'no' }
  const running = { id: 'resp_1', model: 'gpt-6-sol', output: [], usage: null }
  const created = event('response.created', { response: { ...running, status: 'in_progress' } })
  const failed = event('response.failed', { response: { ...running, status: 'failed', error } })
  const thinking = { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 4096 }
  const asked = { model: 'gpt-6-sol', input: 'hello', max_output_tokens: 1000 }
  const calls: [string, object, object | string][] = [
    [ANTHROPIC, message('hello', { stream: true, ...thinking }), event('error', { error })],
    [CHAT, chat('hello', { stream: true }), `data: ${JSON.stringify({ error })}\n\n`],
    [RESPONSES, { ...asked, stream: true }, created + failed],
    [RESPONSES, { ...asked, stream: true }, event('error', { ...error })],
    [RESPONSES, asked, { ...running, status: 'failed', error }],
    [CHAT, chat('hello'), { error }],
  ]
  for (const [path, body, reply] of calls) {
    const { costUsd, heldUsd, estimated } = await charge(path, body, reply)
    assert.deepEqual([costUsd, estimated], [0, false], JSON.stringify(reply))
    assert.ok(heldUsd > 0)
  }
})

test('a usage before further output is charged by the larger of usage and output', async t => {
  const { charge } = await arrange(t)
  const chunk = (data: object) => `data: ${JSON.stringify({ model: 'gpt-4o-mini', ...data })}\n\n`
  const words = chunk({ choices: [{ index: 0, delta: { content: 'word ' } }] }).repeat(60)
  const usage = { prompt_tokens: 1000, completion_tokens: 1, total_tokens: 1001 }
  const body = { ...chat('hello', { stream: true }), model: 'gpt-4o-mini' }

  const { costUsd, estimated } = await charge(
    CHAT,
    body,
    `${chunk({ choices: [], usage })}${words}data: [DONE]\n\n`,
  )

  assert.deepEqual([costUsd, estimated], [(1000 * 0.15 + 300 * 0.6) / 1e6, true])
})
