/** Responses of upstreams that follow the API only in part. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as pause } from 'node:timers/promises'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { chat, type Gateway, message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'
import { fixedUpstream, upstream } from '../upstream.ts'

async function arrange(t: TestContext, url: string, env: Record<string, string> = {}) {
  const gateway = await startGateway(t, { env: { EZAI_BASE_URL: url, ...env } })
  return { gateway, key: await gateway.client({ name: 'frontend', budget: { day: 5 } }) }
}

interface Body {
  error?: { message?: string; details?: { error_code?: string } }
}

/** Makes a call and reads its response, with the part of a body that breaks off. */
async function call({ gateway, key }: Awaited<ReturnType<typeof arrange>>, path: string, body: object) {
  const response = await gateway.post(path, key, body)
  const decoder = new TextDecoder()
  let text = ''
  let broken = false
  try {
    for await (const chunk of response.body!) text += decoder.decode(chunk, { stream: true })
  } catch {
    broken = true
  }
  const line = await gateway.line(response.headers.get('request-id'))
  return { status: response.status, headers: response.headers, text, broken, line }
}

function bodyIn(text: string): Body {
  return JSON.parse(text)
}

async function heldNow(gateway: Gateway) {
  return (await gateway.state('frontend')).day?.heldUsd
}

const reply = {
  type: 'message',
  model: 'claude-haiku-4-5',
  content: [{ type: 'text', text: 'hello' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 1000, output_tokens: 500 },
}
const ANSWER_USD = 0.0035

const firstErrors = [
  {
    what: 'Anthropic’s overloaded_error',
    path: '/v1/messages',
    request: message('hello', { stream: true }),
    type: 'text/event-stream',
    body: 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    status: 529,
    code: 'upstream_overloaded',
  },
  {
    what: 'an error with a status as its code',
    path: '/v1/chat/completions',
    request: chat('hello', { stream: true }),
    type: 'text/event-stream',
    body: 'data: {"error":{"code":429,"message":"slow down"}}\n\n',
    status: 429,
    code: 'upstream_rate_limited',
  },
  {
    what: 'a fault of the request',
    path: '/v1/chat/completions',
    request: chat('hello', { stream: true }),
    type: 'text/event-stream',
    body: 'data: {"error":{"type":"invalid_request_error","message":"The prompt is too long"}}\n\n',
    status: 400,
    code: 'invalid_request',
  },
  {
    what: 'response.failed before any output, with hidden reasoning',
    path: '/v1/responses',
    request: { model: 'gpt-5.4', input: 'hello', reasoning: { effort: 'high' }, stream: true },
    type: 'text/event-stream',
    body:
      'event: response.created\ndata: {"type":"response.created","response":{"model":"gpt-5.4","status":"in_progress","output":[]}}\n\n' +
      'event: response.failed\ndata: {"type":"response.failed","response":{"model":"gpt-5.4","status":"failed","output":[],"error":{"code":"rate_limit_exceeded","message":"slow down"}}}\n\n',
    status: 429,
    code: 'upstream_rate_limited',
  },
  {
    what: 'an error event of the Responses API',
    path: '/v1/responses',
    request: { model: 'gpt-5.4', input: 'hello', stream: true },
    type: 'text/event-stream',
    body: 'event: error\ndata: {"type":"error","code":"server_error","message":"oops","param":null}\n\n',
    status: 502,
    code: 'upstream_error',
  },
  {
    what: 'a JSON response that only has an error',
    path: '/v1/chat/completions',
    request: chat('hello'),
    type: 'application/json',
    body: '{"error":{"code":503,"message":"no provider is available"}}',
    status: 503,
    code: 'upstream_unavailable',
  },
  {
    what: 'a JSON response with the status failed and no output',
    path: '/v1/responses',
    request: { model: 'gpt-5.4', input: 'hello' },
    type: 'application/json',
    body: '{"model":"gpt-5.4","status":"failed","output":[],"usage":null,"error":{"code":"server_error","message":"oops"}}',
    status: 502,
    code: 'upstream_error',
  },
  {
    what: 'an error in JSON, though a stream was asked for',
    path: '/v1/messages',
    request: message('hello', { stream: true }),
    type: 'application/json',
    body: '{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}',
    status: 429,
    code: 'upstream_rate_limited',
  },
]

for (const { what, path, request, type, body, status, code } of firstErrors) {
  test(`${what} in a 200 response is treated as the status it stands for, and is free`, async t => {
    const arranged = await arrange(t, await fixedUpstream(t, type, body))

    const { line, ...response } = await call(arranged, path, request)

    assert.equal(response.status, status, response.text)
    assert.equal(bodyIn(response.text).error?.details?.error_code, code)
    assert.deepEqual([line.costUsd, line.estimated], [0, false])
  })
}

for (const [what, path, request, events] of [
  [
    'an error body of a compatible server',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    'data: {"object":"error","message":"busy","code":503}\n\ndata: [DONE]\n\n',
  ],
  [
    'an error inside a choice',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error","error":{"code":503,"message":"busy"}}]}\n\ndata: [DONE]\n\n',
  ],
  [
    'a message alone',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    'data: {"message":"busy","code":503}\n\n',
  ],
  [
    'an error after a byte order mark',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    '\uFEFFdata: {"error":{"code":503,"message":"busy"}}\n\n',
  ],
  [
    'a named error after a byte order mark',
    '/v1/messages',
    message('hello', { stream: true }),
    '\uFEFFevent: error\ndata: {"error":{"code":503,"message":"busy"}}\n\n',
  ],
  [
    'an error body that is no event',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    '{\n  "error": {"code": 503, "message": "busy"}\n}\n\ndata: [DONE]\n\n',
  ],
  [
    'an error event in plain text',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    'event: error\ndata: Service Unavailable\n\n',
  ],
  [
    'an exception',
    '/v1/messages',
    message('hello', { stream: true }),
    'event: exception\ndata: {"type":"serviceUnavailableException","message":"busy"}\n\n',
  ],
  [
    'an exception that only its event names',
    '/v1/responses',
    { model: 'gpt-5.4', input: 'hello', stream: true },
    'event: serviceUnavailableException\ndata: {"note":"busy"}\n\n',
  ],
  [
    'an error of 300 KB',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    `data: {"error":{"message":"${'busy '.repeat(60_000)}","code":503}}\n\n`,
  ],
  [
    'an event of 300 KB whose error is not its first member',
    '/v1/messages',
    message('hello', { stream: true }),
    `data: {"id":"x","error":{"message":"${'busy '.repeat(60_000)}","code":503}}\n\n`,
  ],
  [
    'an error longer than the stored part',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    `data: {"error":{"code":503,"message":"${'busy '.repeat(600_000)}"}}\n\n`,
  ],
  [
    'an error beside a usage of no tokens',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    'data: {"error":{"code":503,"message":"busy"},"usage":{"prompt_tokens":0,"completion_tokens":0}}\n\n',
  ],
  [
    'an error beside an empty choice',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    'data: {"error":{"code":503,"message":"busy"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}\n\n',
  ],
  [
    'an error without a blank line after it',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    'data: {"error":{"code":503,"message":"busy"}}',
  ],
  [
    'a failed response after an event of no response',
    '/v1/responses',
    { model: 'gpt-5.4', input: 'hello', reasoning: { effort: 'high' }, stream: true },
    'event: rate_limits.updated\ndata: {"type":"rate_limits.updated"}\n\nevent: response.failed\ndata: {"type":"response.failed","response":{"status":"failed","output":[],"error":{"code":"service_unavailable","message":"busy"}}}\n\n',
  ],
] as const) {
  test(`${what} at the start of a stream is treated as its status, and is free`, async t => {
    const arranged = await arrange(t, await fixedUpstream(t, 'text/event-stream', events))

    const { status, line } = await call(arranged, path, request)

    assert.deepEqual([status, line.outcome, line.costUsd], [503, 'upstream_error', 0])
  })
}

for (const [what, path, request, events] of [
  [
    'an error in plain text',
    '/v1/messages',
    message('hello', { stream: true }),
    'event: error\ndata: busy\n\n',
  ],
  [
    'a failed response that is left out',
    '/v1/responses',
    { model: 'gpt-5.4', input: 'hello', stream: true },
    'event: response.failed\ndata: {"type":"response.failed"}\n\n',
  ],
] as const) {
  test(`${what} at the start of a stream is free`, async t => {
    const arranged = await arrange(t, await fixedUpstream(t, 'text/event-stream', events))

    const { line } = await call(arranged, path, request)

    assert.deepEqual([line.outcome, line.costUsd], ['upstream_error', 0])
  })
}

for (const [what, path, request, error] of [
  [
    'plain text on chat',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    'event: error\ndata: busy\n\n',
  ],
  [
    'raw JSON',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    '{"error":{"code":503,"message":"busy","input":"hello"}}\n\n',
  ],
  [
    'an exception',
    '/v1/messages',
    message('hello', { stream: true }),
    'event: exception\ndata: {"type":"throttlingException","message":"busy"}\n\n',
  ],
  [
    '300 KB',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    `data: {"error":{"code":503,"message":"${'busy '.repeat(60_000)}"}}\n\n`,
  ],
  [
    '300 KB that are cut off',
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    `data: {"error":{"code":503,"message":"${'busy '.repeat(60_000)}`,
  ],
] as const) {
  test(`an error right after a comment is free (${what})`, async t => {
    let goOn = () => {}
    const url = await upstream(t, response => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': waiting\n\n')
      goOn = () => response.end(error)
    })
    const { gateway, key } = await arrange(t, url)
    const response = await gateway.post(path, key, request)
    const reader = response.body!.getReader()

    await reader.read()
    goOn()

    const line = await gateway.line(response.headers.get('request-id'))
    assert.deepEqual([line.outcome, line.costUsd], ['upstream_error', 0])
    await reader.cancel().catch(() => {})
  })
}

const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
for (const [what, error] of [
  ['a code that does not convert to text', '{"code":{"toString":1,"valueOf":1},"message":"busy"}'],
  ['a list of objects that do not convert to text', '[{"toString":1,"valueOf":1}]'],
  ['a code that is nested deeply', `{"code":${deep},"message":"busy"}`],
  ['a list that is nested deeply', deep],
  ['an object that is nested deeply', `${'{"a":'.repeat(10_000)}{"1":{}}${'}'.repeat(10_000)}`],
] as const) {
  for (const stream of [false, true]) {
    test(`an error with ${what} is an error of the upstream${stream ? ', in a stream too' : ''}`, async t => {
      const [type, body] = stream
        ? ['text/event-stream', `data: {"error":${error}}\n\n`]
        : ['application/json', `{"error":${error}}`]
      const arranged = await arrange(t, await fixedUpstream(t, type, body))

      const { status, line } = await call(arranged, '/v1/chat/completions', chat('hello', { stream }))

      assert.deepEqual(
        [status, line.error, line.costUsd],
        [502, 'the provider answered 500 inside a 200 response', 0],
      )
    })
  }
}

test('a content type loses all parameters but its charset, on cached responses as well', async t => {
  const type = 'application/json; charset=UTF-8; k=SK-EZAI-The-One; o=org-AbCdEfGhI123'
  const arranged = await arrange(t, await fixedUpstream(t, type, JSON.stringify(reply)))
  const { key, gateway } = arranged

  const types = [(await call(arranged, '/v1/messages', message('hello'))).headers.get('content-type')]
  await until(async () => {
    const response = await gateway.post('/v1/messages', key, message('hello'))
    types.push(response.headers.get('content-type'))
    return response.headers.get('x-cache') === 'HIT'
  })

  assert.deepEqual([...new Set(types)], ['application/json; charset=utf-8'])
})

test('response.failed right after separate announcing events is treated as its status', async t => {
  const events = firstErrors[3]!.body.split(/(?<=\n\n)/)
  const url = await upstream(t, async response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of events) {
      await new Promise(resolve => response.write(event, resolve))
      await pause()
    }
    response.end()
  })

  const { status, line } = await call(await arrange(t, url), '/v1/responses', {
    model: 'gpt-5.4',
    input: 'hello',
    stream: true,
  })

  assert.deepEqual([status, line.costUsd], [429, 0])
})

test('the announcement of a response is passed on though no output follows', async t => {
  const [created = ''] = firstErrors[3]!.body.split(/(?<=\n\n)/)
  const url = await upstream(t, response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(created)
  })
  const { gateway, key } = await arrange(t, url)
  const caller = new AbortController()

  const response = await gateway.post(
    '/v1/responses',
    key,
    { model: 'gpt-5.4', input: 'hello', stream: true },
    { signal: caller.signal },
  )

  const first = await response.body!.getReader().read()
  assert.equal(Buffer.from(first.value!).toString(), created)
  caller.abort()
})

test('an error that arrives byte by byte at the start of a stream is treated as its status', async t => {
  const body =
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
  const url = await upstream(t, async response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const byte of body) await new Promise(resolve => response.write(byte, resolve))
    response.end()
  })

  const { status, line } = await call(
    await arrange(t, url),
    '/v1/messages',
    message('hello', { stream: true }),
  )

  assert.deepEqual([status, line.costUsd], [529, 0])
})

test('a comment before the first event is passed on at once', async t => {
  let goOn: (() => void) | undefined
  const url = await upstream(t, response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': waiting\n\n')
    goOn = () => response.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
  })
  const { gateway, key } = await arrange(t, url)
  const response = await gateway.post('/v1/chat/completions', key, chat('hello', { stream: true }))
  const reader = response.body!.getReader()

  const first = await reader.read()

  assert.equal(Buffer.from(first.value!).toString(), ': waiting\n\n')
  goOn?.()
  await reader.cancel()
})

test('a stream without an event is a 502', async t => {
  const arranged = await arrange(t, await fixedUpstream(t, 'text/event-stream', ''))

  const { status } = await call(arranged, '/v1/messages', message('hello', { stream: true }))

  assert.equal(status, 502)
})

test('JSON in response to a request for a stream is refused, at its true cost', async t => {
  const arranged = await arrange(t, await fixedUpstream(t, 'application/json', JSON.stringify(reply)))

  const { status, line } = await call(arranged, '/v1/messages', message('hello', { stream: true }))

  assert.equal(status, 502)
  assert.deepEqual([line.outcome, line.costUsd, line.estimated], ['upstream_error', ANSWER_USD, false])
})

for (const [what, type, body] of [
  ['JSON without usage', 'application/json', '{"type":"message","content":[]}'],
  ['an event stream as text/plain', 'text/plain', 'data: {"choices":[]}\n\ndata: [DONE]\n\n'],
] as const) {
  test(`${what} in response to a request for a stream costs the hold`, async t => {
    const arranged = await arrange(t, await fixedUpstream(t, type, body))
    const { key, gateway } = arranged

    const { status, line } = await call(arranged, '/v1/messages', message('hello', { stream: true }))

    assert.equal(status, 502)
    assert.equal(line.estimate, 'the hold')
    assert.ok(Number(line.costUsd) > 0 && key && gateway)
  })
}

const compress = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }

for (const [coding, compressed] of Object.entries(compress)) {
  test(`a response in ${coding}, though identity was asked for, is decoded`, async t => {
    const text = JSON.stringify(reply)
    const url = await fixedUpstream(t, 'application/json', compressed(text), { 'content-encoding': coding })

    const response = await call(await arrange(t, url), '/v1/messages', message('hello'))

    assert.equal(response.text, text)
    assert.equal(response.headers.get('content-encoding'), null)
    assert.deepEqual([response.line.outcome, response.line.costUsd], ['ok', ANSWER_USD])
  })
}

const text = JSON.stringify(reply)
for (const [what, coding, body] of [
  ['several members of gzip', 'gzip', Buffer.concat([gzipSync(text.slice(0, 40)), gzipSync(text.slice(40))])],
  ['gzip inside brotli', 'gzip, br', brotliCompressSync(gzipSync(text))],
  ['gzip and identity', 'identity, gzip', gzipSync(text)],
] as const) {
  test(`a response in ${what} is decoded`, async t => {
    const url = await fixedUpstream(t, 'application/json', body, { 'content-encoding': coding })

    const response = await call(await arrange(t, url), '/v1/messages', message('hello'))

    assert.equal(response.text, text)
    assert.deepEqual([response.line.outcome, response.line.costUsd], ['ok', ANSWER_USD])
  })
}

test('a stream in gzip is decoded as it comes', async t => {
  const events =
    `event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message: { ...reply, content: [] } })}\n\n` +
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":500}}\n\n' +
    'event: message_stop\ndata: {"type":"message_stop"}\n\n'
  const url = await fixedUpstream(t, 'text/event-stream', gzipSync(events), { 'content-encoding': 'gzip' })

  const { text, line } = await call(await arrange(t, url), '/v1/messages', message('hello', { stream: true }))

  assert.equal(text, events)
  assert.deepEqual([line.outcome, line.costUsd], ['ok', ANSWER_USD])
})

test('a long response in gzip is decoded without being collected', async t => {
  const text = JSON.stringify({ ...reply, content: [{ type: 'text', text: 'x'.repeat(300_000) }] })
  const body = gzipSync(text)
  const url = await fixedUpstream(t, 'application/json', body, {
    'content-encoding': 'gzip',
    'content-length': String(body.length),
  })

  const response = await call(
    await arrange(t, url, { ANSWER_BUFFER_BYTES: '1000' }),
    '/v1/messages',
    message('hello'),
  )

  assert.equal(response.text, text)
  assert.deepEqual([response.line.outcome, response.line.costUsd], ['ok', ANSWER_USD])
})

for (const [what, body, coding] of [
  ['does not decode', 'no gzip', 'gzip'],
  ['ends early', gzipSync(JSON.stringify(reply)).subarray(0, 50), 'gzip'],
  ['has an unknown coding', 'compressed', 'compress'],
] as const) {
  test(`a compressed response that ${what} costs the hold`, async t => {
    const url = await fixedUpstream(t, 'application/json', body, { 'content-encoding': coding })

    const { status, line } = await call(await arrange(t, url), '/v1/messages', message('hello'))

    assert.deepEqual([status, line.estimate], [502, 'the hold'])
  })
}

test('an error in gzip keeps its message', async t => {
  const url = await upstream(t, response => {
    response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    response.end(gzipSync('{"error":{"type":"invalid_request_error","message":"max_tokens is too large"}}'))
  })

  const { status, text } = await call(await arrange(t, url), '/v1/messages', message('hello'))

  assert.equal(status, 400)
  assert.equal(bodyIn(text).error?.message, 'max_tokens is too large')
})

const finishing =
  'data: {"model":"gpt-6-luna","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n' +
  'data: {"model":"gpt-6-luna","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n' +
  'data: {"model":"gpt-6-luna","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}\n\n'

test('a chat stream that ends cleanly after its finish reason is whole without [DONE]', async t => {
  const arranged = await arrange(t, await fixedUpstream(t, 'text/event-stream', finishing))

  const { broken, text, line } = await call(
    arranged,
    '/v1/chat/completions',
    chat('hello', { stream: true, stream_options: { include_usage: true } }),
  )

  assert.deepEqual([broken, text], [false, finishing])
  assert.deepEqual([line.outcome, line.outputTokens, line.estimated], ['ok', 5, false])
})

test('a chat stream that ends cleanly is not whole before each of its choices has a finish reason', async t => {
  const arranged = await arrange(t, await fixedUpstream(t, 'text/event-stream', finishing))

  const { broken, line } = await call(arranged, '/v1/chat/completions', chat('hello', { stream: true, n: 2 }))

  assert.deepEqual([broken, line.outcome], [true, 'upstream_error'])
})

for (const [what, path, request, body] of [
  [
    'message_stop',
    '/v1/messages',
    message('hello', { stream: true }),
    'event: ping\ndata: {"type":"ping"}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n',
  ],
  ['[DONE]', '/v1/chat/completions', chat('hello', { stream: true }), `${finishing}data: [DONE]\n`],
  ['the finish reason and the usage', '/v1/chat/completions', chat('hello', { stream: true }), finishing],
] as const) {
  test(`a connection that breaks right after ${what} leaves a whole stream`, async t => {
    const url = await upstream(t, response => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(body, () => response.socket?.resetAndDestroy())
    })

    const { broken, text, line } = await call(await arrange(t, url), path, request)

    assert.deepEqual([broken, line.outcome], [false, 'ok'], text)
    assert.match(text, /(message_stop"}|\[DONE\]|"finish_reason":"stop"}]})\s*$/)
  })
}

test('a broken Responses stream ends with response.failed and error', async t => {
  const created =
    'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","created_at":1790000000,"model":"gpt-6-luna","status":"in_progress","output":[]}}\n\n'
  const added =
    'event: response.output_item.added\ndata: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message"}}\n\n'
  const url = await upstream(t, response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`${created}${added}`, () => response.socket?.destroy())
  })

  const { broken, text } = await call(await arrange(t, url), '/v1/responses', {
    model: 'gpt-6-luna',
    input: 'hello',
    stream: true,
  })

  const events = text
    .split('\n')
    .filter(line => line.startsWith('data: '))
    .map(line => JSON.parse(line.slice(6)))
  assert.deepEqual(
    events.map(({ type, sequence_number }) => [type, sequence_number]),
    [
      ['response.created', 0],
      ['response.output_item.added', 1],
      ['error', 2],
      ['response.failed', 3],
    ],
  )
  assert.deepEqual(
    [events[3].response.id, events[3].response.status, events[3].response.error.code],
    ['resp_1', 'failed', 'upstream_error'],
  )
  assert.equal(broken, true)
})

for (const [what, headers] of [
  ['with a length', true],
  ['without a length', false],
] as const) {
  test(`a JSON error that is too large to be collected loses its names (${what})`, async t => {
    const names = 'org-AbCdEfGhIjKl123 and sk-proj-abc123DEF456'
    const body = JSON.stringify({
      id: 'x',
      error: { code: 429, message: `${names} ${'busy '.repeat(20_000)}${names}` },
    })
    const url = await fixedUpstream(
      t,
      'application/json',
      body,
      headers ? { 'content-length': String(body.length) } : {},
    )
    const arranged = await arrange(t, url, { ANSWER_BUFFER_BYTES: '1000' })

    const { text, line } = await call(arranged, '/v1/chat/completions', chat('hello'))

    assert.equal(text, body.replaceAll(names, `${'x'.repeat(19)} and ${'x'.repeat(20)}`))
    assert.equal(line.costUsd, 0)
  })
}

test('an error status whose body breaks off is still that status, and free', async t => {
  const url = await upstream(t, response => {
    response.writeHead(413, { 'content-type': 'application/json', 'content-length': 1000 })
    response.write('{"error":', () => response.socket?.destroy())
  })

  const { status, line } = await call(await arrange(t, url), '/v1/messages', message('hello'))

  assert.deepEqual([status, line.costUsd], [413, 0])
})

test('an error body without end is cut off, and its status is kept', async t => {
  const url = await upstream(t, response => {
    response.writeHead(400, { 'content-type': 'application/json' })
    const more = () => {
      if (!response.destroyed) response.write(' '.repeat(65_536), () => setImmediate(more))
    }
    more()
  })

  const { status, line } = await call(await arrange(t, url), '/v1/messages', message('hello'))

  assert.deepEqual([status, line.costUsd], [400, 0])
})

test('a JSON response without end is cut off after its caller has left, and charged an estimate', async t => {
  let isClosed = false
  const url = await upstream(t, response => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.once('close', () => {
      isClosed = true
    })
    const more = () => {
      if (!response.destroyed) response.write(' '.repeat(65_536), () => setImmediate(more))
    }
    more()
  })
  const { gateway, key } = await arrange(t, url, { ANSWER_BUFFER_BYTES: '1000' })
  const caller = new AbortController()
  const response = await gateway.post('/v1/messages', key, message('hello'), { signal: caller.signal })

  caller.abort()

  const line = await gateway.line(response.headers.get('request-id'))
  assert.deepEqual([line.outcome, line.estimated], ['upstream_error', true])
  await until(async () => isClosed && (await heldNow(gateway)) === 0)
})
