/** An upstream that quotes our secrets in every place of a response. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { ADMIN_TOKEN, chat, type Gateway, message, startGateway } from './gateway.ts'
import { until } from './until.ts'

/** Without a recognisable prefix. */
const KEY = 'b9c1d2e3f4a5968778695a4b'
const env = {
  EZAI_API_KEY: KEY,
  METRICS_TOKEN: 'metrics/reader"token=1',
  ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/services/T0123/B0456/webhook',
  ALERT_WEBHOOK_SECRET: 'signed-with-this',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20otlpcollectorkey',
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=Bearer%20otlptracescollectorkey',
}
const secrets = [
  KEY,
  ADMIN_TOKEN,
  env.METRICS_TOKEN,
  env.ALERT_WEBHOOK_URL,
  '/services/T0123/B0456/webhook',
  env.ALERT_WEBHOOK_SECRET,
  'otlpcollectorkey',
  'otlptracescollectorkey',
]
const quote = `bad header Bearer ${secrets.join(', ')}`

type UpstreamResponse = (response: ServerResponse, stream: boolean) => void

const headers = {
  'www-authenticate': `Bearer error="${KEY}"`,
  'x-error': KEY,
  'request-id': KEY,
  'x-request-id': KEY,
  'retry-after': KEY,
  'anthropic-error': KEY,
}

const says =
  (status: number, body: object | string, more: object = {}): UpstreamResponse =>
  (response, stream) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const isStream = stream && status === 200
    const type = isStream ? 'text/event-stream' : 'application/json'
    response.writeHead(status, { ...headers, 'content-type': type, ...more })
    response.end(isStream ? `data: ${text}\n\ndata: [DONE]\n\n` : text)
  }

const error = {
  message: quote,
  type: quote,
  code: KEY,
  param: quote,
  details: { error_code: quote, [KEY]: [quote] },
}
const success = (text: string) => ({
  type: 'message',
  id: KEY,
  model: KEY,
  content: [{ type: 'text', text }],
  choices: [{ index: 0, message: { content: text }, delta: { content: text }, finish_reason: 'stop' }],
  usage: { input_tokens: 1, output_tokens: 1, prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
})
const failed = { status: 'failed', error: { code: KEY, message: quote } }

/** The last ones open the circuit. */
const responses: [what: string, respond: UpstreamResponse][] = [
  ...[400, 403, 404, 409, 413, 422, 429, 500, 503, 529].map((status): [string, UpstreamResponse] => [
    `an error with ${status}`,
    says(status, { error }),
  ]),
  ['plain words', says(400, quote)],
  ['a list of faults', says(422, { detail: [{ loc: ['body', KEY], msg: quote }] })],
  ['a reason phrase', response => response.writeHead(400, KEY, headers).end()],
  ['a redirect', says(302, quote, { location: `https://example.com/${KEY}` })],
  ['an error inside a response', says(200, { error })],
  ['a message instead of a response', says(200, { message: quote })],
  ['a failed response', says(200, { ...failed, type: 'response.failed', response: failed })],
  ['a response', says(200, success(KEY))],
  ['a long response', says(200, success(`${'x '.repeat(1_000_000)}${KEY}`))],
  ['another content-type', says(200, quote, { 'content-type': `text/html; ${KEY}` })],
  [
    'a parameter of the content-type',
    (response, stream) =>
      says(200, success('hello'), {
        'content-type': `${stream ? 'text/event-stream' : 'application/json'}; key=${KEY}`,
      })(response, stream),
  ],
  ['a refused key', says(401, { error })],
]

const calls: [path: string, body: object][] = [
  ['/v1/messages', message('hello')],
  ['/v1/messages', message('hello', { stream: true })],
  [
    '/v1/messages/count_tokens',
    { model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'hello' }] },
  ],
  ['/v1/chat/completions', chat('hello')],
  ['/v1/chat/completions', chat('hello', { stream: true })],
  ['/v1/responses', { model: 'gpt-6-luna', input: 'hello' }],
  ['/v1/responses', { model: 'gpt-6-luna', input: 'hello', stream: true }],
  ['/v1/embeddings', { model: 'text-embedding-3-small', input: 'hello' }],
]

test('a secret that an upstream quotes is in no response, header, log line, alert or ledger entry', async t => {
  let respond: UpstreamResponse = says(500, '')
  const url = await upstream(t, (response, stream) => respond(response, stream))
  const gateway = await startGateway(t, { env: { ...env, EZAI_BASE_URL: url, LOG_LEVEL: 'trace' } })
  const key = await gateway.client({ name: 'frontend' })

  for (const [what, said] of responses) {
    await t.test(what, async () => {
      respond = said
      for (const [path, body] of calls) {
        const first = await shownBy(gateway, key, path, body)
        const again = await shownBy(gateway, key, path, body)
        for (const secret of secrets)
          assert.ok(!`${first}${again}`.includes(secret), `${secret} at ${path}: ${first.slice(0, 500)}`)
      }
    })
  }

  const made = responses.length * calls.length * 2
  await until(async () => gateway.calls().length === made)
  const listed = await until(async () => {
    const { body } = await gateway.admin('GET', '/alerts')
    return JSON.stringify(body).includes('upstream_refused_us') && JSON.stringify(body)
  })
  const ledger = JSON.stringify((await gateway.admin('GET', '/calls?limit=500')).body)
  for (const secret of secrets)
    for (const [where, text] of Object.entries({ listed, ledger, log: JSON.stringify(gateway.lines) }))
      assert.ok(!text.includes(secret), `${secret} in ${where}`)
})

test('an upstream’s error keeps only safe details for the caller', async t => {
  let respond: UpstreamResponse = says(500, '')
  const url = await upstream(t, (response, stream) => respond(response, stream))
  const gateway = await startGateway(t, { env: { ...env, EZAI_BASE_URL: url } })
  const key = await gateway.client({ name: 'frontend' })
  const messageOf = async (error: object, more: object | string = {}) => {
    respond = says(400, error)
    const usual = { model: 'gpt-6-luna', messages: [{ role: 'user', content: 'hello' }] }
    const body = typeof more === 'string' ? more : { ...usual, ...more }
    const response = await gateway.post('/v1/chat/completions', key, body)
    const found = (await response.json()) as { error: { message: string } }
    return found.error.message
  }

  await t.test('a message of 1,400 characters is whole', async () => {
    const words = 'The schema is not valid. '.repeat(56)
    assert.equal(await messageOf({ error: { message: words } }), words)
  })

  await t.test('the faults of a validation are named', async () => {
    const detail = [{ loc: ['body', 'messages'], msg: 'field required' }]
    assert.equal(await messageOf({ detail }), 'messages: field required')
  })

  await t.test('names that the request contains are kept', async () => {
    const words = "Invalid schema for function 'user_preferences_v2_get': org-chart-builder-1 is no type"
    const names = ['user_preferences_v2_get', 'org-chart-builder-1']
    const tools = names.map(name => ({ type: 'function', function: { name } }))
    assert.equal(await messageOf({ error: { message: words } }, { tools }), words)
    assert.match(await messageOf({ error: { message: words } }), /'\[…\]': \[…\] is no type/)
  })

  await t.test('names that the request contains with escapes, or in capitals, are kept', async () => {
    const uuid = '0b5a3c1e-1111-2222-3333-444455556666'
    const own = ['org-chart-builder-1', 'user_Preferences1', 'sk-a/b', uuid]
    const escaped = ['org\\u002dchart-builder-1', 'user\\u005FPreferences1', 'sk-a\\/b', uuid.toUpperCase()]
    const content = (names: string[]) =>
      `{"model":"gpt-6-luna","messages":[{"role":"user","content":"${names.join(' ')}"}]}`
    const words = `Invalid ${own.join(', ')}`
    assert.equal(await messageOf({ error: { message: words } }, content(escaped)), words)
    // An escaped backslash is no beginning of an escape; other names have a letter case.
    const others = ['org\\\\u002dchart-builder-1', 'USER_PREFERENCES1']
    assert.equal(
      await messageOf({ error: { message: `Invalid ${own[0]}, ${own[1]}` } }, content(others)),
      'Invalid […], […]',
    )
  })

  await t.test('all of many names that the request contains are kept', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `user_pref_v${i}_get`)
    const words = `Duplicate tools: ${names.join(', ')}`
    const tools = names.map(name => ({ type: 'function', function: { name } }))
    assert.equal(await messageOf({ error: { message: words } }, { tools }), words)
  })
})

test('a 400 about our key becomes a 502 and an alert', async t => {
  const url = await upstream(t, says(400, { error: 'Incorrect API key provided: b9***4b.' }))
  const gateway = await startGateway(t, { env: { ...env, EZAI_BASE_URL: url } })
  const key = await gateway.client({ name: 'frontend' })

  const response = await gateway.post('/v1/chat/completions', key, chat('hello'))

  assert.equal(response.status, 502)
  assert.equal(response.headers.get('x-should-retry'), 'false')
  assert.doesNotMatch(await response.text(), /key/i)
  await until(async () => {
    const { body } = await gateway.admin('GET', '/alerts')
    return JSON.stringify(body).includes('upstream_refused_us')
  })
})

const names = 'org-AbCdEfGhIjKl123 with key sk-proj-abc123DEF456'
const long = 'The limit is per minute. '.repeat(2600)
const streams: [path: string, body: object, content: string, errors: string[]][] = [
  [
    '/v1/chat/completions',
    chat('hello', { stream: true }),
    'data: {"choices":[{"delta":{"content":"org-Beta99999"}}]}\n\n',
    [
      `data: {"error":{"message":"Rate limit reached for ${names}","type":"tokens"}}\n\n`,
      `data: {"error":{"message":"${names} ${long} ${names}","type":"tokens"}}\n\n`,
    ],
  ],
  [
    '/v1/messages',
    message('hello', { stream: true }),
    'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"org-Beta99999"}}\n\n',
    [
      `event: error\ndata: {"type":"error","error":{"message":"${names}"}}\n\n`,
      `data: {"error":{"message":"${names}"},"type":"error"}\n\n`,
    ],
  ],
  [
    '/v1/responses',
    { model: 'gpt-6-luna', input: 'hello', stream: true },
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"org-Beta99999"}\n\n',
    [
      `event: error\ndata: {"type":"error","message":"${names}"}\n\n`,
      `data: {"error":{"message":"${names}"},"type":"error"}\n\n`,
      `data: {"type":"response.failed","response":{"error":{"message":"${long} ${names}"}}}\n\n`,
    ],
  ],
]

test('names in a stream error are redacted in any chunking, and content is forwarded at once', async t => {
  let respond: UpstreamResponse = says(500, '')
  const url = await upstream(t, (response, stream) => respond(response, stream))
  const gateway = await startGateway(t, { env: { ...env, EZAI_BASE_URL: url } })
  const key = await gateway.client({ name: 'frontend' })

  for (const [path, body, content, errors] of streams) {
    for (const error of errors) {
      for (const line of ['\n', '\r\n', '\r']) {
        for (const size of error.length > 10_000 ? [1000, 16_384] : [1, 11, 16_384]) {
          const passed = Promise.withResolvers<void>()
          const before = content.replaceAll('\n', line)
          respond = async response => {
            response.writeHead(200, { 'content-type': 'text/event-stream' }).write(before)
            // The error is sent once the caller has the content.
            await passed.promise
            const bytes = Buffer.from(error.replaceAll('\n', line))
            for (let at = 0; at < bytes.length; at += size)
              await new Promise(sent => response.write(bytes.subarray(at, at + size), sent))
            response.end()
          }
          const shown = await readStream(await gateway.post(path, key, body), text => {
            if (text.startsWith(before)) passed.resolve()
          })
          assert.ok(shown.startsWith(before))
          assert.match(shown.slice(before.length), /x{19} with key x{20}/)
          assert.doesNotMatch(shown, /AbCdEf|abc123/)
        }
      }
    }
  }
})

/** The text until the stream ended or broke. */
async function readStream({ body }: Response, see: (text: string) => void = () => {}): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      see(text)
    }
  } catch {
    // An error inside a stream ends its connection.
  }
  return text
}

/** The status line, the headers and the received part of the body. */
async function shownBy(gateway: Gateway, key: string, path: string, body: object): Promise<string> {
  const response = await gateway.post(path, key, body, { redirect: 'manual' })
  const head = `${response.status} ${response.statusText}\n${[...response.headers].join('\n')}\n`
  const text = head + (await readStream(response))
  // A secret may be written as JSON.
  return text + text.replaceAll('\\"', '"')
}

async function upstream(t: TestContext, respond: UpstreamResponse): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', text => {
      body += text
    })
    request.once('end', () => respond(response, body.includes('"stream":true')))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}
