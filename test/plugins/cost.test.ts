/** The charge in every ending: the final usage if the upstream reports it, else an estimate by rule. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { chat, type Gateway, message, startGateway } from '../gateway.ts'
import { table, today } from '../pricing/usage.ts'
import { freePort } from '../servers.ts'
import { until } from '../until.ts'

interface Charge {
  costUsd: number
  heldUsd: number
  estimated: boolean
  estimate?: string
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

/** Makes one call, reads it to its end and returns the row of the ledger. */
async function charge(payer: Payer, path: string, body: object): Promise<Charge> {
  const response = await payer.gateway.post(path, payer.key, body)
  await response.text().catch(() => 'cut')
  return charged(payer)
}

/** The ledger's one row, which must agree with the window. */
async function charged({ gateway, name }: Payer): Promise<Charge> {
  const row = await until(async () => {
    const { body } = await gateway.admin('GET', `/calls?client=${name}`)
    return (body.calls as Charge[])[0]
  })
  const { day } = await gateway.state(name)
  assert.deepEqual([day?.spentUsd, day?.heldUsd], [row.costUsd, 0])
  return row
}

const outputRateOf = (model: string) => table.find(model, today)?.maxOutputTokensPerSecond ?? 0

const ANTHROPIC = '/v1/messages'
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'

test('final usage is charged as reported, and a charge above the hold raises an alert', async t => {
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
  test(`a response with status ${status} costs nothing`, async t => {
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

test('a call whose connection fails costs nothing', async t => {
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
  'JSON that ends too early': { body: message('[[scenario: eof]]'), status: 502 },
  'a response that is no JSON': { body: message('[[scenario: nonsense json]]'), status: 502 },
  'a response of another content type': { body: message('[[scenario: nonsense html]]'), status: 502 },
  'a response that cannot be decompressed': { body: message('[[scenario: nonsense gzip]]'), status: 502 },
  'an empty response': { body: message('[[scenario: nonsense empty]]'), status: 502 },
  'a successful response without usage': { body: message('[[scenario: usage none]]'), status: 200 },
  'a successful OpenAI response without usage': {
    path: CHAT,
    body: chat('[[scenario: usage none]]', { max_completion_tokens: 50 }),
  },
  'a response of a tier without a price': { body: message('[[scenario: tier gold]]'), status: 200 },
}

test('a call without final usage that was not cut costs its hold, estimated', async t => {
  const gateway = await startGateway(t, { env: { UPSTREAM_TIMEOUT_SECONDS: '1' } })
  for (const [i, [what, { path = ANTHROPIC, body, status }]] of Object.entries(withoutFinalUsage).entries()) {
    await t.test(what, async () => {
      const payer = await makePayer(gateway, `client-${i}`)

      const row = await charge(payer, path, body)

      assert.ok(row.heldUsd > 0)
      assert.deepEqual([row.costUsd, row.estimated, row.estimate], [row.heldUsd, true, 'the hold'])
      if (status) assert.equal(row.status, status)
    })
  }
})

const usd = (millionths: number) => Math.round(millionths * 1000) / 1e9

test('a stream that times out is charged its received output if all output is visible', async t => {
  const payer = await arrange(t, { UPSTREAM_TIMEOUT_SECONDS: '1' })
  const prompt = '[[scenario: usage 50 in, slow-stream 10 chunks 0ms, stall after 3]]'

  const row = await charge(payer, ANTHROPIC, message(prompt, { stream: true }))

  const seen = 3 * Buffer.byteLength('wörd 0 ')
  assert.deepEqual([row.costUsd, row.estimated, row.outcome], [usd(50 + seen * 5), true, 'upstream_error'])
})

/** Every cut call is charged one second more, which is enough to reach an output limit this low. */
const cutShort: Record<string, { path?: string; body: object; costUsd: number }> = {
  'a stream whose connection breaks': {
    body: message('[[scenario: usage 50 in, die after 3]]', { stream: true }),
    costUsd: usd(50 + 100 * 5),
  },
  'a stream that breaks before any text': {
    body: message('[[scenario: usage 50 in, die after 0]]', { stream: true }),
    costUsd: usd(50 + 100 * 5),
  },
  'a stream that ends with an error event': {
    body: message('[[scenario: usage 50 in, error after 3]]', { stream: true }),
    costUsd: usd(50 + 100 * 5),
  },
  'a stream that ends cleanly in the middle': {
    body: message('[[scenario: usage 50 in, eof after 3]]', { stream: true }),
    costUsd: usd(50 + 100 * 5),
  },
  'a stream of a model that hides some of its output': {
    body: message('[[scenario: usage 50 in, die after 2]]', { model: 'claude-opus-5-5', stream: true }),
    costUsd: usd(50 * 4 + 100 * 20),
  },
  'a stream with thinking': {
    body: message('[[scenario: usage 50 in, die after 2]]', {
      stream: true,
      max_tokens: 100,
      thinking: { type: 'enabled', budget_tokens: 1024 },
    }),
    costUsd: usd(50 + 100 * 5),
  },
  'a stream of Responses': {
    path: RESPONSES,
    body: { model: 'gpt-6-luna', stream: true, max_output_tokens: 100, input: '[[scenario: die after 2]]' },
    costUsd: -1,
  },
  'JSON whose connection is reset': {
    body: message('[[scenario: reset]]'),
    costUsd: -1,
  },
  'JSON whose connection breaks': { body: message('[[scenario: die]]'), costUsd: -1 },
  'JSON whose connection is closed unanswered': { body: message('[[scenario: unread]]'), costUsd: -1 },
}

/** Without reported input: half a token a byte of the body, at the most expensive input price; then the output limit. */
function unreported(body: object, inputPrice: number, output: number): number {
  return usd(Math.ceil(JSON.stringify(body).length / 2) * inputPrice + output)
}
const ofResponses = cutShort['a stream of Responses']!
ofResponses.costUsd = unreported(ofResponses.body, 0.125, 100 * 0.5)
for (const one of Object.values(cutShort)) if (one.costUsd < 0) one.costUsd = unreported(one.body, 1, 100 * 5)

test('a cut call costs its input, and the output that can have been generated by its end', async t => {
  const gateway = await startGateway(t)
  for (const [i, [what, { path = ANTHROPIC, body, costUsd }]] of Object.entries(cutShort).entries()) {
    await t.test(what, async () => {
      const payer = await makePayer(gateway, `client-${i}`)

      const row = await charge(payer, path, body)

      assert.deepEqual([row.costUsd, row.estimated, row.outcome], [costUsd, true, 'upstream_error'])
      assert.match(row.estimate ?? '', /^input: .* tokens \(.*\); output: 100 tokens/)
    })
  }
})

test('a cut call costs no more output than its time allows, whatever its output limit', async t => {
  const payer = await arrange(t)
  const prompt = '[[scenario: usage 50 in, slow-stream 10 chunks 0ms, die after 3]]'
  const started = performance.now()

  const row = await charge(payer, ANTHROPIC, message(prompt, { stream: true, max_tokens: 64_000 }))

  const seconds = (performance.now() - started) / 1000
  const perSecond = outputRateOf('claude-haiku-4-5') * 5
  assert.ok(row.costUsd >= usd(50 + perSecond), `${row.costUsd} is less than a second of output`)
  assert.ok(row.costUsd <= usd(50 + (seconds + 1) * perSecond + 5), `${row.costUsd} in ${seconds} s`)
  assert.equal(row.estimated, true)
})

test('a cut call with more output than its time allows costs the received output', async t => {
  const payer = await arrange(t)
  const prompt = '[[scenario: usage 50 in, slow-stream 5000 chunks 0ms, die after 4000]]'

  const row = await charge(payer, ANTHROPIC, message(prompt, { stream: true, max_tokens: 64_000 }))

  const received = Array.from({ length: 4000 }, (_, i) => Buffer.byteLength(`wörd ${i} `))
  assert.equal(row.costUsd, usd(50 + received.reduce((sum, size) => sum + size) * 5))
  assert.match(row.estimate ?? '', /reported or received/)
})

test('a cut stream costs the price of its tier', async t => {
  const payer = await arrange(t)
  const prompt = '[[scenario: slow-stream 10 chunks 0ms, die after 3]]'
  const asked = { model: 'gpt-4.1', stream: true, max_completion_tokens: 500, service_tier: 'priority' }
  const body = chat(prompt, asked)

  const row = await charge(payer, CHAT, body)

  assert.deepEqual([row.costUsd, row.estimated], [unreported(body, 2 * 1.75, 500 * 8 * 1.75), true])
})

test('a caller who leaves a stream pays for its input and its time', async t => {
  const payer = await arrange(t)
  const caller = new AbortController()
  const prompt = '[[scenario: usage 50 in, slow-stream 10 chunks 0ms, stall after 3]]'
  const response = await payer.gateway.post(ANTHROPIC, payer.key, message(prompt, { stream: true }), {
    signal: caller.signal,
  })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  for (let text = ''; !text.includes('wörd 2'); ) text += (await reader.read()).value

  caller.abort()

  const row = await charged(payer)
  assert.deepEqual([row.costUsd, row.estimated, row.outcome], [usd(50 + 100 * 5), true, 'client_gone'])
})

test('a caller who leaves before the response begins pays for the input', async t => {
  const payer = await arrange(t)
  const caller = new AbortController()
  const body = message('[[scenario: delay 60000ms]]', { stream: true, max_tokens: 64_000 })
  const response = payer.gateway.post(ANTHROPIC, payer.key, body, { signal: caller.signal })
  await payer.gateway.provider.waitForCall()

  caller.abort()

  await assert.rejects(response)
  const row = await charged(payer)
  assert.deepEqual([row.costUsd, row.estimated, row.outcome], [unreported(body, 1, 0), true, 'client_gone'])
})

test('unreported input is estimated by the tokens per byte of the client’s own calls', async t => {
  const payer = await arrange(t)
  const dense = chat('[[scenario: usage 100 in]]', { model: 'gpt-4.1', max_completion_tokens: 10 })
  await payer.gateway.post(CHAT, payer.key, dense)
  const first = await charged(payer)
  assert.equal(first.estimated, false)
  const body = chat('[[scenario: die after 1]]', {
    model: 'gpt-4.1',
    stream: true,
    max_completion_tokens: 10,
  })

  await (await payer.gateway.post(CHAT, payer.key, body)).text().catch(() => 'cut')

  const row = await until(async () => {
    const { body: page } = await payer.gateway.admin('GET', `/calls?client=${payer.name}`)
    return (page.calls as Charge[]).find(({ estimated }) => estimated)
  })
  const density = 100 / JSON.stringify(dense).length
  const tokens = Math.ceil(JSON.stringify(body).length * density)
  assert.equal(row.costUsd, usd(tokens * 2 + 10 * 8))
})

test('input of unknown size costs its upper bound', async t => {
  const payer = await arrange(t)
  const content = [
    { type: 'input_file', file_url: 'https://a.example/long.pdf' },
    { type: 'input_text', text: '[[scenario: stall after 0]]' },
  ]
  const caller = new AbortController()
  const body = { model: 'gpt-4.1', stream: true, max_output_tokens: 10, input: [{ role: 'user', content }] }
  const response = await payer.gateway.post(RESPONSES, payer.key, body, { signal: caller.signal })
  await response.body!.getReader().read()

  caller.abort()

  const row = await charged(payer)
  assert.equal(row.costUsd, row.heldUsd)
  assert.ok(row.costUsd > 2, `${row.costUsd}`)
  assert.match(row.estimate ?? '', /the most that its documents or files can have/)
})

test('counting tokens is free', async t => {
  const payer = await arrange(t)
  const { max_tokens, ...question } = message('hello')

  const response = await payer.gateway.post('/v1/messages/count_tokens', payer.key, question)

  assert.equal(response.status, 200)
  const row = await charged(payer)
  assert.deepEqual([row.costUsd, row.heldUsd, row.estimated], [0, 0, false])
})

test('the log names a feature without a price once a call', async t => {
  const payer = await arrange(t)

  await charge(payer, ANTHROPIC, message('[[scenario: tier gold]]'))

  const named = payer.gateway.lines.filter(({ unpriced }) => unpriced !== undefined)
  assert.deepEqual(
    named.map(({ level, unpriced }) => [level, unpriced]),
    [['warn', 'tier gold of claude-haiku-4-5']],
  )
})
