/** An upstream that quotes what it should not: our secrets, wherever an upstream can put words. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { ADMIN_TOKEN, chat, type Gateway, message, startGateway, until } from './gateway.ts'

/** Without a prefix that gives it away. */
const KEY = 'b9c1d2e3f4a5968778695a4b'
const env = {
  EZAI_API_KEY: KEY,
  METRICS_TOKEN: 'metrics/reader"token=1',
  ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/services/T0123/B0456/webhook',
  ALERT_WEBHOOK_SECRET: 'signed-with-this',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20otlpcollectorkey',
}
const secrets = [
  KEY,
  ADMIN_TOKEN,
  env.METRICS_TOKEN,
  env.ALERT_WEBHOOK_URL,
  '/services/T0123/B0456/webhook',
  env.ALERT_WEBHOOK_SECRET,
  'otlpcollectorkey',
]
const quote = `bad header Bearer ${secrets.join(', ')}`

type Answer = (response: ServerResponse, stream: boolean) => void

const headers = {
  'www-authenticate': `Bearer error="${KEY}"`,
  'x-error': KEY,
  'request-id': KEY,
  'x-request-id': KEY,
  'retry-after': KEY,
  'anthropic-error': KEY,
}

const says =
  (status: number, body: object | string, more: object = {}): Answer =>
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

/** The last ones open the breaker. */
const answers: [what: string, answer: Answer][] = [
  ...[400, 403, 404, 409, 413, 422, 429, 500, 503, 529].map((status): [string, Answer] => [
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
  let answer: Answer = says(500, '')
  const url = await upstream(t, (response, stream) => answer(response, stream))
  const gateway = await startGateway(t, { env: { ...env, EZAI_BASE_URL: url, LOG_LEVEL: 'trace' } })
  const key = await gateway.client({ name: 'frontend' })

  for (const [what, said] of answers) {
    await t.test(what, async () => {
      answer = said
      for (const [path, body] of calls) {
        const first = await shownBy(gateway, key, path, body)
        const again = await shownBy(gateway, key, path, body)
        for (const secret of secrets)
          assert.ok(!`${first}${again}`.includes(secret), `${secret} at ${path}: ${first.slice(0, 500)}`)
      }
    })
  }

  const made = answers.length * calls.length * 2
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

test('what a caller may read of an upstream’s error', async t => {
  let answer: Answer = says(500, '')
  const url = await upstream(t, (response, stream) => answer(response, stream))
  const gateway = await startGateway(t, { env: { ...env, EZAI_BASE_URL: url } })
  const key = await gateway.client({ name: 'frontend' })
  const messageOf = async (error: object, more: object = {}) => {
    answer = says(400, error)
    const body = { model: 'gpt-6-luna', messages: [{ role: 'user', content: 'hello' }], ...more }
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
})

test('a 400 that says that our key is wrong is a 502 and an alert', async t => {
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

/** The status line, the headers and the body, as far as it came. */
async function shownBy(gateway: Gateway, key: string, path: string, body: object): Promise<string> {
  const response = await gateway.post(path, key, body, { redirect: 'manual' })
  const decoder = new TextDecoder()
  let text = `${response.status} ${response.statusText}\n${[...response.headers].join('\n')}\n`
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
  } catch {
    // An error inside a stream ends its connection.
  }
  // A secret may be written as JSON.
  return text + text.replaceAll('\\"', '"')
}

async function upstream(t: TestContext, answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', text => {
      body += text
    })
    request.once('end', () => answer(response, body.includes('"stream":true')))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}
