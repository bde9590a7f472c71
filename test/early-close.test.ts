/** Many clients close their connection after a response's last event, before the upstream closes its own. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { chat, message, startGateway } from './gateway.ts'
import { rawCaller } from './raw.ts'
import { until } from './until.ts'
import { upstream } from './upstream.ts'

/** Sends the whole response and leaves it open. */
const WHOLE_BUT_OPEN = '[[scenario: usage 1000 in 500 out, stall after 4]]'

async function arrange(t: TestContext, env: Record<string, string> = {}) {
  const gateway = await startGateway(t, { env })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 }, cache: { enabled: false } })
  return { gateway, key }
}

function request(path: string, key: string, body: object): string {
  const text = JSON.stringify(body)
  return (
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nanthropic-version: 2023-06-01\r\n` +
    `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  )
}

const streams = [
  { path: '/v1/messages', body: message(WHOLE_BUT_OPEN, { stream: true }), end: 'event: message_stop' },
  { path: '/v1/chat/completions', body: chat(WHOLE_BUT_OPEN, { stream: true }), end: 'data: [DONE]' },
  {
    path: '/v1/responses',
    body: { model: 'gpt-6-luna', input: WHOLE_BUT_OPEN, stream: true },
    end: 'event: response.completed',
  },
]

for (const { path, body, end } of streams) {
  test(`a caller who closes right after ${end} has a whole response, charged as reported`, async t => {
    const { gateway, key } = await arrange(t)
    const caller = await rawCaller(gateway.url)
    caller.send(request(path, key, body))
    await until(async () => caller.received().split(end)[1]?.includes('\n\n'))

    caller.close()

    const line = await until(async () => gateway.calls()[0])
    assert.deepEqual([line.outcome, line.estimated, line.outputTokens], ['ok', false, 500])
    await gateway.provider.waitForAbort()
    await until(async () => (await gateway.state('frontend')).day?.heldUsd === 0)
  })
}

for (const { path, body, end } of streams) {
  test(`a stream ends after ${end}, though the upstream leaves its connection open`, async t => {
    const { gateway, key } = await arrange(t)

    const reply = await gateway.post(path, key, body)

    assert.match(await reply.text(), new RegExp(end.replace('[DONE]', '\\[DONE\\]')))
    const line = await gateway.line(reply.headers.get('request-id'))
    assert.deepEqual([line.outcome, line.estimated, line.outputTokens], ['ok', false, 500])
    await gateway.provider.waitForAbort()
    await until(async () => (await gateway.state('frontend')).day?.heldUsd === 0)
  })
}

test('an upstream reset after the end of a stream does not change its outcome', async t => {
  const events =
    'data: {"model":"gpt-6-luna","choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n' +
    'data: {"model":"gpt-6-luna","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}\n\n' +
    'data: [DONE]\n\n'
  const url = await upstream(t, response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(events, () => response.socket?.destroy())
  })
  const { gateway, key } = await arrange(t, { EZAI_BASE_URL: url })

  const reply = await gateway.post('/v1/chat/completions', key, chat('hello', { stream: true }))
  const text = await reply.text()

  assert.match(text, /data: \[DONE\]\n\n$/)
  const line = await gateway.line(reply.headers.get('request-id'))
  assert.deepEqual([line.outcome, line.estimated, line.outputTokens], ['ok', false, 5])
})

test('the SDKs may stop at the last event of a stream', async t => {
  const { gateway, key } = await arrange(t)
  const anthropic = new Anthropic({ baseURL: gateway.url, authToken: key, apiKey: null })
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key })

  for await (const event of await anthropic.messages.create({
    model: 'claude-haiku-4-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: WHOLE_BUT_OPEN }],
    stream: true,
  }))
    if (event.type === 'message_stop') break
  for await (const event of await openai.responses.create({
    model: 'gpt-6-luna',
    input: WHOLE_BUT_OPEN,
    stream: true,
  }))
    if (event.type === 'response.completed') break

  const lines = await until(async () => gateway.calls().length === 2 && gateway.calls())
  for (const { outcome, estimated, outputTokens } of lines)
    assert.deepEqual([outcome, estimated, outputTokens], ['ok', false, 500])
})

test('a stream closed right after its error event is an upstream error', async t => {
  const url = await upstream(t, response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"choices":[{"delta":{"content":"hi"}}]}\n\n')
    response.write('data: {"error":{"message":"Overloaded","code":"server_error"}}\n\n')
  })
  const { gateway, key } = await arrange(t, { EZAI_BASE_URL: url })
  const caller = await rawCaller(gateway.url)
  caller.send(request('/v1/chat/completions', key, chat('hello', { stream: true })))
  await until(async () => caller.received().includes('Overloaded'))

  caller.close()

  assert.equal((await until(async () => gateway.calls()[0])).outcome, 'upstream_error')
})

test('a stream closed one event before its end is not whole', async t => {
  const { gateway, key } = await arrange(t)
  const caller = await rawCaller(gateway.url)
  caller.send(request('/v1/messages', key, message('[[scenario: stall after 3]]', { stream: true })))
  await until(async () => caller.received().split('content_block_delta').length === 7)

  caller.close()

  const line = await until(async () => gateway.calls()[0])
  assert.deepEqual([line.outcome, line.estimated], ['client_gone', true])
})

for (const [what, env] of [
  ['collected', {}],
  ['passed on as it comes', { ANSWER_BUFFER_BYTES: '100' }],
] as const) {
  test(`a JSON response that was ${what} is whole with its last byte`, async t => {
    const { gateway, key } = await arrange(t, env)
    const caller = await rawCaller(gateway.url)
    caller.send(request('/v1/messages', key, message('[[scenario: usage 1000 in 500 out]]')))
    await caller.response()

    caller.close()

    const line = await until(async () => gateway.calls()[0])
    assert.deepEqual([line.outcome, line.estimated, line.outputTokens], ['ok', false, 500])
  })
}
