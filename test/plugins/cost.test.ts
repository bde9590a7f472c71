/** What is charged, in every ending: by the final word on the usage where there is one, else by rule, never by hope. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { chat, type Gateway, message, startGateway, until } from '../gateway.ts'
import { freePort } from '../servers.ts'

interface Charge {
  costUsd: number
  heldUsd: number
  estimated: boolean
  outcome: string
  status: number
}

interface Payer {
  gateway: Gateway
  name: string
  key: string
}

async function arrange(t: TestContext, env: Record<string, string> = {}): Promise<Payer> {
  return makePayer(await startGateway(t, { env }), 'frontend')
}

async function makePayer(gateway: Gateway, name: string): Promise<Payer> {
  const key = await gateway.client({ name, budget: { day: 50 }, cache: { enabled: false } })
  return { gateway, name, key }
}

/** Makes one call and reads to its end, whatever that is; answers what the ledger says of it. */
async function charge(payer: Payer, path: string, body: object): Promise<Charge> {
  const answer = await payer.gateway.post(path, payer.key, body)
  await answer.text().catch(() => 'cut')
  return charged(payer)
}

/** The ledger's one row, which must be what the window says too. */
async function charged({ gateway, name }: Payer): Promise<Charge> {
  const row = await until(async () => {
    const { body } = await gateway.admin('GET', `/calls?client=${name}`)
    return (body.calls as Charge[])[0]
  })
  const { day } = await gateway.state(name)
  assert.deepEqual([day?.spentUsd, day?.heldUsd], [row.costUsd, 0])
  return row
}

const ANTHROPIC = '/v1/messages'
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'

test('final usage is charged as reported, also above the hold, and somebody is told', async t => {
  const payer = await arrange(t)

  const { costUsd, heldUsd, estimated } = await charge(
    payer,
    ANTHROPIC,
    message('[[scenario: usage 5000 in 3000 out]]'),
  )

  assert.deepEqual([costUsd, estimated], [0.02, false])
  assert.ok(heldUsd < 0.001)
  assert.ok(payer.gateway.lines.some(({ msg }) => msg === 'a call cost more than it held'))
})

test('each kind of token has its own price', async t => {
  const payer = await arrange(t)
  const prompt = '[[scenario: usage 10 in 1000 read 200 write5m 40 write1h 50 out]]'

  const { costUsd } = await charge(payer, ANTHROPIC, message(prompt, { max_tokens: 1000 }))

  const expected = 10 * 1 + 1000 * 0.1 + 200 * 1.25 + 40 * 2 + 50 * 5
  assert.equal(Math.round(costUsd * 1e9), expected * 1000)
})

for (const status of [400, 401, 429, 500, 529]) {
  test(`an answer with status ${status} costs nothing`, async t => {
    const payer = await arrange(t)

    const { costUsd, estimated, heldUsd } = await charge(
      payer,
      ANTHROPIC,
      message(`[[scenario: status ${status}]]`, { stream: status === 529 }),
    )

    assert.deepEqual([costUsd, estimated], [0, false])
    assert.ok(heldUsd > 0)
  })
}

test('a connection that never stood costs nothing', async t => {
  const payer = await arrange(t, { EZAI_BASE_URL: `http://127.0.0.1:${await freePort()}` })

  const { costUsd, estimated, status } = await charge(payer, ANTHROPIC, message('hello'))

  assert.deepEqual([costUsd, estimated, status], [0, false, 502])
})

const withoutFinalUsage: Record<string, { path?: string; body: object; status?: number }> = {
  'a provider that is silent': { body: message('[[scenario: silent]]'), status: 504 },
  'a stream that falls silent before it begins': {
    body: message('[[scenario: silent]]', { stream: true }),
    status: 504,
  },
  'a connection that is reset': { body: message('[[scenario: reset]]'), status: 502 },
  'a connection that is closed unanswered': { body: message('[[scenario: unread]]'), status: 502 },
  'JSON that breaks off': { body: message('[[scenario: die]]'), status: 502 },
  'JSON that ends too early': { body: message('[[scenario: eof]]'), status: 502 },
  'an answer that is no JSON': { body: message('[[scenario: nonsense json]]'), status: 502 },
  'an answer of another kind': { body: message('[[scenario: nonsense html]]'), status: 502 },
  'an answer that cannot be unpacked': { body: message('[[scenario: nonsense gzip]]'), status: 502 },
  'an empty answer': { body: message('[[scenario: nonsense empty]]'), status: 502 },
  'a good answer that tells no usage': { body: message('[[scenario: usage none]]'), status: 200 },
  'a good answer of OpenAI’s that tells none': {
    path: CHAT,
    body: chat('[[scenario: usage none]]', { max_completion_tokens: 50 }),
  },
  'a stream cut at a model that hides some of its output': {
    body: message('[[scenario: die after 2]]', { model: 'claude-opus-5-5', stream: true }),
  },
  'a stream cut where the request asks for thinking': {
    body: message('[[scenario: die after 2]]', {
      stream: true,
      max_tokens: 2000,
      thinking: { type: 'enabled', budget_tokens: 1024 },
    }),
  },
  'a stream cut where the request asks for thinking in the words of another API': {
    path: CHAT,
    body: chat('[[scenario: die after 2]]', {
      model: 'claude-haiku-4-5',
      stream: true,
      max_tokens: 2000,
      thinking: { type: 'enabled', budget_tokens: 1024 },
    }),
  },
  'a stream of responses cut at a model that reasons unseen': {
    path: RESPONSES,
    body: {
      model: 'gpt-6-luna',
      stream: true,
      max_output_tokens: 100,
      input: '[[scenario: die after 2]]',
    },
  },
  'an answer by a model without a price': { body: message('[[scenario: model claude-none]]'), status: 200 },
  'a stream by a model without a price': {
    body: message('[[scenario: model claude-none]]', { stream: true }),
  },
  'an answer of a tier without a price': { body: message('[[scenario: tier gold]]'), status: 200 },
}

test('everything that was sent and has no final usage costs the hold, estimated', async t => {
  const gateway = await startGateway(t, { env: { UPSTREAM_TIMEOUT_SECONDS: '1' } })
  for (const [i, [what, { path = ANTHROPIC, body, status }]] of Object.entries(withoutFinalUsage).entries()) {
    await t.test(what, async () => {
      const payer = await makePayer(gateway, `client-${i}`)

      const row = await charge(payer, path, body)

      assert.ok(row.heldUsd > 0)
      assert.deepEqual([row.costUsd, row.estimated], [row.heldUsd, true])
      if (status) assert.equal(row.status, status)
    })
  }
})

/** `wörd 0 `, as the provider streams it. */
const PIECE = Buffer.byteLength('wörd 0 ')
const usd = (millionths: number) => Math.round(millionths * 1000) / 1e9

const visible: { what: string; scenario: string; more?: object; costUsd: number }[] = [
  {
    what: 'cut after three pieces costs its reported input and the bytes that were seen',
    scenario: 'usage 50 in, slow-stream 10 chunks 0ms, die after 3',
    costUsd: usd(50 + 3 * PIECE * 5),
  },
  {
    what: 'cut before any text costs its reported input and output',
    scenario: 'usage 50 in, die after 0',
    costUsd: usd(50 + 1 * 5),
  },
  {
    what: 'that ends with an error event costs as much as one that is cut',
    scenario: 'usage 50 in, slow-stream 10 chunks 0ms, error after 3',
    costUsd: usd(50 + 3 * PIECE * 5),
  },
  {
    what: 'that stops cleanly in the middle costs as much as one that is cut',
    scenario: 'usage 50 in, slow-stream 10 chunks 0ms, eof after 3',
    costUsd: usd(50 + 3 * PIECE * 5),
  },
  {
    what: 'that falls silent in the middle costs as much as one that is cut',
    scenario: 'usage 50 in, slow-stream 10 chunks 0ms, stall after 3',
    costUsd: usd(50 + 3 * PIECE * 5),
  },
]

test('a stream whose output is all visible is charged by what was seen of it', async t => {
  const gateway = await startGateway(t, { env: { UPSTREAM_TIMEOUT_SECONDS: '1' } })
  for (const [i, { what, scenario, costUsd }] of visible.entries()) {
    await t.test(what, async () => {
      const payer = await makePayer(gateway, `client-${i}`)

      const row = await charge(payer, ANTHROPIC, message(`[[scenario: ${scenario}]]`, { stream: true }))

      assert.deepEqual([row.costUsd, row.estimated, row.outcome], [costUsd, true, 'upstream_error'])
      assert.ok(row.costUsd < row.heldUsd)
    })
  }
})

test('a visible stream that is cut never costs more than the hold', async t => {
  const payer = await arrange(t)
  const prompt = '[[scenario: slow-stream 400 chunks 0ms, die after 300]]'

  const row = await charge(payer, ANTHROPIC, message(prompt, { stream: true, max_tokens: 10 }))

  assert.deepEqual([row.costUsd, row.estimated], [row.heldUsd, true])
})

test('a visible stream that reported no input costs the guess of it', async t => {
  const payer = await arrange(t)
  const prompt = '[[scenario: slow-stream 10 chunks 0ms, die after 3]]'
  const body = chat(prompt, { model: 'gpt-4.1', stream: true, max_completion_tokens: 500 })

  const row = await charge(payer, CHAT, body)

  const guess = Math.ceil(JSON.stringify(body).length / 4)
  assert.deepEqual([row.costUsd, row.estimated], [usd(guess * 2 + 3 * PIECE * 8), true])
})

test('a visible stream that is cut costs what its tier costs', async t => {
  const payer = await arrange(t)
  const prompt = '[[scenario: slow-stream 10 chunks 0ms, die after 3]]'
  const asked = { model: 'gpt-4.1', stream: true, max_completion_tokens: 500, service_tier: 'priority' }
  const body = chat(prompt, asked)

  const row = await charge(payer, CHAT, body)

  const guess = Math.ceil(JSON.stringify(body).length / 4)
  assert.deepEqual([row.costUsd, row.estimated], [usd((guess * 2 + 3 * PIECE * 8) * 1.75), true])
})

test('a caller who leaves a visible stream pays what was received, at most the hold', async t => {
  const payer = await arrange(t)
  const caller = new AbortController()
  const prompt = '[[scenario: usage 50 in, slow-stream 10 chunks 0ms, stall after 3]]'
  const answer = await payer.gateway.post(ANTHROPIC, payer.key, message(prompt, { stream: true }), {
    signal: caller.signal,
  })
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  for (let text = ''; !text.includes('wörd 2'); ) text += (await reader.read()).value

  caller.abort()

  const row = await charged(payer)
  assert.deepEqual([row.costUsd, row.estimated, row.outcome], [usd(50 + 3 * PIECE * 5), true, 'client_gone'])
})

test('counting tokens is free', async t => {
  const payer = await arrange(t)
  const { max_tokens, ...question } = message('hello')

  const answer = await payer.gateway.post('/v1/messages/count_tokens', payer.key, question)

  assert.equal(answer.status, 200)
  const row = await charged(payer)
  assert.deepEqual([row.costUsd, row.heldUsd, row.estimated], [0, 0, false])
})

test('what has no price here is told in the log, once a call', async t => {
  const payer = await arrange(t)

  await charge(payer, ANTHROPIC, message('[[scenario: tier gold]]'))

  const told = payer.gateway.lines.filter(({ unpriced }) => unpriced !== undefined)
  assert.deepEqual(
    told.map(({ level, unpriced }) => [level, unpriced]),
    [['warn', 'tier gold of claude-haiku-4-5']],
  )
})
