import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { startProvider, type Totals, upstreamHeaders, usedBy } from './provider.ts'

const prompt = (content: string) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content }],
})

function ask(url: string, body: object, options: RequestInit = {}) {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify(body),
    ...options,
  })
}

async function clients(t: TestContext) {
  const provider = await startProvider(t)
  const options = { apiKey: 'sk-any', maxRetries: 0 }
  return {
    provider,
    anthropic: new Anthropic({ ...options, baseURL: provider.url }),
    openai: new OpenAI({ ...options, baseURL: `${provider.url}/v1` }),
  }
}

test("both providers' SDKs read every response, and its usage matches the provider's record", async t => {
  const { provider, anthropic, openai } = await clients(t)
  const chat = { model: 'gpt-6-luna', messages: prompt('Hi').messages }
  provider.use(() => 'usage 100 in 20 out 7 read')

  const message = await anthropic.messages.create(prompt('Hi'))
  const streamed = await anthropic.messages.stream(prompt('Hi')).finalMessage()
  const counted = await anthropic.messages.countTokens({ model: 'claude-haiku-4-5', messages: chat.messages })
  const completion = await openai.chat.completions.create(chat)
  const chunks = await Array.fromAsync(
    await openai.chat.completions.create({ ...chat, stream: true, stream_options: { include_usage: true } }),
  )
  const response = await openai.responses.create({ model: 'gpt-6-luna', input: 'Hi' })
  const events = await Array.fromAsync(
    await openai.responses.create({ model: 'gpt-6-luna', input: 'Hi', stream: true }),
  )
  const embedding = await openai.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'] })

  assert.deepEqual(
    [message.usage, streamed.usage].map(usage => [
      usage.input_tokens,
      usage.output_tokens,
      usage.cache_read_input_tokens,
    ]),
    [
      [100, 20, 7],
      [100, 20, 7],
    ],
  )
  assert.equal(counted.input_tokens, 100)
  assert.deepEqual(
    [completion.usage, chunks.at(-1)?.usage].map(usage => [usage?.prompt_tokens, usage?.completion_tokens]),
    [
      [107, 20],
      [107, 20],
    ],
  )
  const last = events.at(-1)
  assert(last?.type === 'response.completed')
  assert.deepEqual(
    [response.usage, last.response.usage].map(usage => [usage?.input_tokens, usage?.output_tokens]),
    [
      [107, 20],
      [107, 20],
    ],
  )
  assert.equal(response.output_text, last.response.output_text ?? response.output_text)
  assert.equal(embedding.data.length, 2)
  assert.equal(embedding.data[0]?.embedding.length, 8)
  await provider.waitForIdle()
  const { calls, reported, input, cacheRead, output } = provider.totals()
  assert.deepEqual(
    { calls, reported, input, cacheRead, output },
    { calls: 8, reported: 8, input: 700, cacheRead: 42, output: 120 },
  )
})

test('an identical request gets the same bytes, and a different one gets a different response', async t => {
  const { url } = await startProvider(t)
  const [first, again, other] = await Promise.all(
    ['one', 'one', 'two'].map(async text => (await ask(url, prompt(text))).text()),
  )
  assert.equal(first, again)
  assert.notEqual(first, other)
})

test('a response has the details of the key’s owner, so that a test can check their redaction', async t => {
  const { url } = await startProvider(t)
  const response = await ask(url, prompt('Hi'))
  for (const [name, value] of Object.entries(upstreamHeaders.anthropic)) {
    assert.equal(response.headers.get(name), value, name)
  }
  assert.match(response.headers.get('request-id') ?? '', /^req_011upstream/)
})

test('the queue takes precedence over the prompt, and the prompt over the function', async t => {
  const provider = await startProvider(t)
  provider.use(() => 'status 503')
  provider.next('status 500', { failure: { status: 418, body: 'short and stout' } })
  const statuses = []
  for (const text of ['[[scenario: status 529]]', 'Hi', '[[scenario: status 529]]', 'Hi']) {
    statuses.push((await ask(provider.url, prompt(text))).status)
  }
  assert.deepEqual(statuses, [500, 418, 529, 503])
})

test('failures have the shape of their API', async t => {
  const { provider, anthropic, openai } = await clients(t)
  provider.next(
    'status 429 enforced_spend_limit_reached',
    'status 429 retry-after 7',
    'status 429 insufficient_quota',
  )
  await assert.rejects(anthropic.messages.create(prompt('Hi')), Anthropic.RateLimitError)
  await assert.rejects(
    anthropic.messages.create(prompt('Hi')),
    error => error instanceof Anthropic.RateLimitError && error.headers.get('retry-after') === '7',
  )
  await assert.rejects(
    openai.responses.create({ model: 'gpt-6-luna', input: 'Hi' }),
    error => error instanceof OpenAI.RateLimitError && error.code === 'insufficient_quota',
  )
  assert.deepEqual(
    provider.calls.map(call => [call.status, call.served]),
    [
      [429, []],
      [429, []],
      [429, []],
    ],
  )
})

test('an invalid request is refused as by the real API', async t => {
  const { url } = await startProvider(t)
  const { max_tokens: _, ...boundless } = prompt('Hi')
  const responses = await Promise.all([
    ask(url, boundless),
    ask(url, prompt('Hi'), { headers: {} }),
    ask(url, {}, { body: '{' }),
    ask(url, prompt('[[scenario: explode]]')),
  ])
  assert.deepEqual(
    responses.map(response => response.status),
    [400, 400, 400, 400],
  )
})

/** The caller's error for each incomplete response. */
const brokenOff = [
  ['a connection closed before the request is read', 'unread', false, /fetch failed/],
  ['a reset after the headers', 'reset', false, /terminated|fetch failed/],
  ['a JSON response cut in the middle', 'die', false, /terminated/],
  ['a stream cut after two deltas', 'slow-stream 4 chunks, die after 2', true, /terminated/],
] as const

for (const [title, wish, stream, error] of brokenOff) {
  test(`${title} is an error for the caller, and no abort by the caller`, async t => {
    const provider = await startProvider(t)
    provider.next(wish)
    await assert.rejects(async () => (await ask(provider.url, { ...prompt('Hi'), stream })).text(), error)
    await provider.waitForIdle()
    const { closedEarly, aborted, reported } = provider.totals()
    assert.deepEqual({ closedEarly, aborted, reported }, { closedEarly: 1, aborted: 0, reported: 0 })
  })
}

/** Invalid responses that end cleanly. */
const hollow = [
  ['a stream without its end', 'slow-stream 4 chunks, eof after 2', true, /wörd 1 (?!.*message_stop)/s],
  ['a stream with an error event', 'error after 1', true, /event: error\ndata: .*overloaded_error/],
  ['half a JSON response', 'eof', false, /^\{"model".*[^}]$/],
  ['a web page', 'nonsense html', false, /^<!doctype html>/],
  ['a body that promises more JSON', 'nonsense json', false, /^\{"model"/],
  ['broken frames', 'nonsense frames', true, /data: \{"type":\n/],
] as const

for (const [title, wish, stream, seen] of hollow) {
  test(`${title} comes with status 200 and a clean end`, async t => {
    const provider = await startProvider(t)
    const response = await ask(provider.url, { ...prompt(`[[scenario: ${wish}]]`), stream })
    assert.equal(response.status, 200)
    assert.match(await response.text(), seen)
    await provider.waitForIdle()
    assert.equal(provider.totals().reported, 0)
  })
}

test('a cut gzip response cannot be decoded', async t => {
  const provider = await startProvider(t)
  provider.next('nonsense gzip')
  const response = await ask(provider.url, prompt('Hi'))
  await assert.rejects(response.json())
})

test('the provider notices at once, in every kind of pause, that a caller leaves', async t => {
  const provider = await startProvider(t)
  const pauses = ['silent', 'hold', 'delay 60000ms', 'stall after 1', 'slow-stream 1000 chunks 50ms']
  for (const [index, wish] of pauses.entries()) {
    provider.next(wish)
    const leave = new AbortController()
    const asked = ask(provider.url, { ...prompt('Hi'), stream: true }, { signal: leave.signal })
    const call = await provider.waitForCall(index + 1)
    if (index >= 3) await asked
    leave.abort()
    await asked.then(
      response => response.text().catch(() => ''),
      () => '',
    )
    assert.equal(await provider.waitForAbort(index + 1), call)
  }
  assert.equal(provider.totals().reported, 0)
})

test('a held call gets its response after its name is released, and later calls at once', async t => {
  const provider = await startProvider(t)
  provider.next('hold one', 'hold other', 'hold one')
  const statuses: string[] = []
  const served = async (name: string) => {
    await (await ask(provider.url, prompt('Hi'))).text()
    statuses.push(name)
  }
  const one = served('one')
  await provider.waitForCall(1)
  const other = served('other')
  await provider.waitForCall(2)

  provider.release('other')
  await other
  provider.release('one')
  await one
  await served('one again')

  assert.deepEqual(statuses, ['other', 'one', 'one again'])
})

test('a slow stream has the set number of pieces, and a stalled one continues', async t => {
  const provider = await startProvider(t)
  for (const wish of ['slow-stream 5 chunks 5ms', 'slow-stream 5 chunks 5ms, stall after 2 20ms']) {
    provider.next(wish)
    const response = await ask(provider.url, { ...prompt('Hi'), stream: true })
    assert(response.body)
    const pieces = await Array.fromAsync(response.body, piece => Buffer.from(piece).toString())
    assert(pieces.length >= 5, `${pieces.length} pieces`)
    assert.match(pieces.join(''), /wörd 0 .*wörd 4 .*message_stop/s)
  }
})

/** 400 tokens, 100 of them hidden. */
const paced = 'generate 1000 tokens/s for 0.4 s reasoning 0.1 s, usage 50 in 7 read'
const hi = { model: 'gpt-6-luna', messages: prompt('Hi').messages }

/** Requests a response of at most so many tokens; returns the milliseconds to its first text, the text, and the usage. */
const streams: Record<string, (sdks: Awaited<ReturnType<typeof clients>>, ceiling: number) => Promise<Seen>> =
  {
    'anthropic messages': async ({ anthropic }, max_tokens) => {
      const { see, seen } = watch()
      const stream = anthropic.messages.stream({ ...prompt('Hi'), max_tokens }).on('text', see)
      const { content, usage, stop_reason } = await stream.finalMessage()
      const blocks = content.map(({ type }) => type)
      return seen([usage.input_tokens, usage.output_tokens], String(stop_reason), blocks)
    },
    'openai chat': async ({ openai }, max_completion_tokens) => {
      const { see, seen } = watch()
      const options = { ...hi, max_completion_tokens, stream_options: { include_usage: true } }
      let [usage, reason]: [unknown[], string] = [[], '']
      for await (const chunk of await openai.chat.completions.create({ ...options, stream: true })) {
        const choice = chunk.choices[0]
        if (choice?.delta.content) see(choice.delta.content)
        reason = choice?.finish_reason ?? reason
        if (chunk.usage) usage = [chunk.usage.prompt_tokens - 7, chunk.usage.completion_tokens]
      }
      return seen(usage, reason, [])
    },
    'openai responses': async ({ openai }, max_output_tokens) => {
      const { see, seen } = watch()
      const stream = openai.responses.stream({ model: 'gpt-6-luna', input: 'Hi', max_output_tokens })
      const { output, usage, status } = await stream
        .on('response.output_text.delta', ({ delta }) => see(delta))
        .finalResponse()
      const blocks = output.map(({ type }) => type)
      return seen([Number(usage?.input_tokens) - 7, usage?.output_tokens], String(status), blocks)
    },
  }

interface Seen {
  firstMs: number
  wholeMs: number
  bytes: number
  /** Input that was not cached, and output. */
  usage: unknown[]
  end: string
  /** The types of the blocks or items of the response. */
  blocks: string[]
}

function watch() {
  const begun = performance.now()
  let [firstMs, bytes] = [Number.NaN, 0]
  return {
    see: (text: string) => {
      if (bytes === 0) firstMs = performance.now() - begun
      bytes += Buffer.byteLength(text)
    },
    seen: (usage: unknown[], end: string, blocks: string[]): Seen => ({
      firstMs,
      wholeMs: performance.now() - begun,
      bytes,
      usage,
      end,
      blocks,
    }),
  }
}

const shapes: Record<string, { blocks: string[]; ends: [whole: string, atCeiling: string] }> = {
  'anthropic messages': { blocks: ['thinking', 'text'], ends: ['end_turn', 'max_tokens'] },
  'openai chat': { blocks: [], ends: ['stop', 'length'] },
  'openai responses': { blocks: ['reasoning', 'message'], ends: ['completed', 'incomplete'] },
}

for (const [api, stream] of Object.entries(streams)) {
  test(`a stream of ${api} comes at the pace of a model, with hidden reasoning`, async t => {
    const sdks = await clients(t)
    sdks.provider.use(() => paced)
    const { firstMs, wholeMs, bytes, usage, end, blocks } = await stream(sdks, 1000)
    // A timer may be a millisecond early.
    assert(firstMs >= 99, `the first text came after ${firstMs} ms`)
    assert(wholeMs >= 399, `the response took ${wholeMs} ms`)
    assert(bytes >= 3 * 300 && bytes <= 5 * 300, `${bytes} bytes of text`)
    assert.deepEqual(
      { usage, end, blocks },
      { usage: [50, 400], end: shapes[api]?.ends[0], blocks: shapes[api]?.blocks },
    )
    await sdks.provider.waitForIdle()
    const [call] = sdks.provider.calls
    assert.deepEqual([call?.generated, call?.reported, call?.aborted], [400, true, false])
  })

  test(`a stream of ${api} ends at its output limit, and reports it`, async t => {
    const sdks = await clients(t)
    sdks.provider.use(() => paced)
    const { usage, end } = await stream(sdks, 150)
    assert.deepEqual({ usage, end }, { usage: [50, 150], end: shapes[api]?.ends[1] })
    await sdks.provider.waitForIdle()
    assert.equal(sdks.provider.calls[0]?.generated, 150)
  })
}

test('a JSON response is sent after all of it is generated', async t => {
  const { provider, anthropic, openai } = await clients(t)
  provider.use(() => paced)
  const begun = performance.now()
  const message = await anthropic.messages.create({ ...prompt('Hi'), max_tokens: 1000 })
  assert(performance.now() - begun >= 399)
  const completion = await openai.chat.completions.create(hi)
  const response = await openai.responses.create({ model: 'gpt-6-luna', input: 'Hi' })
  assert.deepEqual(
    [message.usage.output_tokens, completion.usage?.completion_tokens, response.usage?.output_tokens],
    [400, 400, 400],
  )
  assert.deepEqual(
    message.content.map(({ type }) => type),
    ['thinking', 'text'],
  )
  await provider.waitForIdle()
  assert.deepEqual(
    provider.calls.map(call => [call.generated, usedBy(call)[0]?.output]),
    [
      [400, 400],
      [400, 400],
      [400, 400],
    ],
  )
})

const requests = {
  '/v1/messages': { ...prompt('Hi'), max_tokens: 64_000 },
  '/v1/chat/completions': hi,
  '/v1/responses': { model: 'gpt-6-luna', input: 'Hi' },
}

for (const [path, request] of Object.entries(requests)) {
  for (const stream of [true, false]) {
    test(`${path}, ${stream ? 'a stream' : 'JSON'}: the record has the tokens generated until the caller left`, async t => {
      const provider = await startProvider(t)
      provider.use(() => 'generate 1000 tokens/s for 60 s reasoning 0.2 s, usage 50 in')
      const leave = new AbortController()
      const begun = performance.now()
      const asked = fetch(`${provider.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
        body: JSON.stringify({ ...request, stream }),
        signal: leave.signal,
      })
      // The caller of a stream leaves at its first text, and that of a JSON response while it waits.
      const left = stream ? firstText(await asked) : asked
      const call = await provider.waitForCall()
      if (stream) await left
      leave.abort()
      await left.catch(() => undefined)
      assert.equal(await provider.waitForAbort(), call)
      const atMost = performance.now() - begun
      const generated = call.generated ?? Number.NaN
      assert(generated >= (stream ? 199 : 0) && generated <= atMost, `${generated} in ${atMost} ms`)
      assert.deepEqual(
        usedBy(call).map(({ input, output, reasoning }) => ({ input, output, reasoning })),
        [{ input: 50, output: generated, reasoning: Math.min(200, generated) }],
      )
      assert.equal(call.reported, false)
    })
  }
}

async function firstText(response: Response) {
  const text = /text_delta|output_text\.delta|"content":" the/
  let seen = ''
  assert(response.body)
  for await (const chunk of response.body) {
    seen += Buffer.from(chunk).toString()
    if (text.test(seen)) return
  }
  assert.fail(`no text in ${seen}`)
}

test('a caller who leaves before the generation has used only the input', async t => {
  const provider = await startProvider(t)
  provider.use(() => 'delay 60000ms, generate 60 tokens/s for 30 s, usage 50 in')
  const leave = new AbortController()
  const asked = ask(provider.url, { ...prompt('Hi'), stream: true }, { signal: leave.signal })
  const call = await provider.waitForCall()
  // Its scenario is open until its body is read.
  while (call.served.length === 0) await setImmediate()
  leave.abort()
  await asked.catch(() => undefined)
  await provider.waitForAbort()
  assert.equal(call.generated, undefined)
  assert.deepEqual(
    usedBy(call).map(({ input, output }) => [input, output]),
    [[50, 0]],
  )
})

test('split cuts frames and letters anywhere, and loses no byte', async t => {
  const { provider, anthropic } = await clients(t)
  const whole = await anthropic.messages.stream(prompt('Hi')).finalText()
  provider.next('split 3 bytes')
  assert.equal(await anthropic.messages.stream(prompt('Hi')).finalText(), whole)
})

test('a huge response has the requested length', async t => {
  const { provider, anthropic } = await clients(t)
  provider.next('huge 3MB')
  const { content } = await anthropic.messages.create(prompt('Hi'))
  assert(content[0]?.type === 'text')
  assert.equal(content[0].text.length, 3 * 1024 * 1024)
})

test('usage comes in every shape of a real upstream', async t => {
  const { provider, anthropic, openai } = await clients(t)
  provider.next('usage iterations 100 in 10 out')
  const { usage } = await anthropic.messages.create(prompt('Hi'))
  assert.equal(usage.input_tokens, 100)
  assert.deepEqual(
    provider.calls[0]?.served.map(part => [part.model, part.input, part.output]),
    [
      ['claude-haiku-4-5', 500, 40],
      ['claude-opus-4-5', 300, 30],
      ['claude-haiku-4-5', 100, 10],
    ],
  )

  provider.next('usage corrected 1000 in 10 out 30 write5m 20 write1h')
  const events = await Array.fromAsync(await anthropic.messages.create({ ...prompt('Hi'), stream: true }))
  const start = events[0]
  assert(start?.type === 'message_start')
  assert.equal(start.message.usage.input_tokens, 100)
  assert.equal(start.message.usage.cache_creation?.ephemeral_1h_input_tokens, 20)

  const chat = { model: 'grok', messages: prompt('Hi').messages }
  provider.next('usage outside 12 in 342 out 340 reasoning', 'usage none, model gpt-unheard-of, tier warp')
  const outside = await openai.chat.completions.create(chat)
  assert.equal(outside.usage?.completion_tokens, 2)
  assert.equal(outside.usage?.total_tokens, 354)
  const none = await openai.chat.completions.create(chat)
  assert.deepEqual([none.usage, none.model, String(none.service_tier)], [undefined, 'gpt-unheard-of', 'warp'])
  assert.equal(provider.calls.at(-1)?.reported, false)
})

test('the process prints its address, is controlled over HTTP, and ends with its parent', async () => {
  const child = spawn(process.execPath, ['test/provider.ts', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  assert(child.stdout)
  const [line] = await once(createInterface(child.stdout), 'line')
  const { url }: { url: string } = JSON.parse(line)
  await fetch(`${url}/__next`, { method: 'POST', body: 'status 503\nusage 5 in 6 out' })
  assert.equal((await ask(url, prompt('Hi'))).status, 503)
  assert.equal((await ask(url, prompt('Hi'))).status, 200)
  const count: Totals = JSON.parse(await (await fetch(`${url}/__count`)).text())
  assert.deepEqual([count.calls, count.input, count.output], [2, 5, 6])
  const calls: { body: string }[] = JSON.parse(await (await fetch(`${url}/__calls`)).text())
  assert.equal(calls[1]?.body, JSON.stringify(prompt('Hi')))
  child.disconnect()
  await once(child, 'exit')
})

test('the provider counts its open connections', async t => {
  const provider = await startProvider(t)
  const socket = connect(provider.port, '127.0.0.1')
  await once(socket, 'connect')
  await ask(provider.url, prompt('Hi'))
  assert(provider.openConnections >= 1)
  socket.destroy()
  await provider.close()
  assert.equal(provider.openConnections, 0)
})
