/** Anthropic's tool runner asks for a thread by default, and continues without one after the error code for it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'

const clock = betaTool({
  name: 'clock',
  description: 'Tells the time',
  inputSchema: { type: 'object', properties: {} },
  run: () => 'noon',
})

test('the tool runner of the SDK continues without a thread under a budget', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  const anthropic = new Anthropic({ baseURL: gateway.url, authToken: key, apiKey: null })

  const response = await anthropic.beta.messages.toolRunner({
    model: 'claude-haiku-4-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'What time is it?' }],
    tools: [clock],
  })

  assert.equal(response.stop_reason, 'end_turn')
  const [refused, served] = await until(async () => gateway.calls().length === 2 && gateway.calls())
  assert.deepEqual([refused?.status, refused?.refusal], [400, 'unbounded_feature'])
  assert.equal(served?.outcome, 'ok')
  assert.equal(gateway.provider.calls.length, 1)
  assert.equal('thread' in JSON.parse(String(gateway.provider.calls[0]?.body)), false)
})

test('a client that may use stored responses keeps its thread', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 50 }, allow: ['stored'] })
  const anthropic = new Anthropic({ baseURL: gateway.url, authToken: key, apiKey: null })

  await anthropic.beta.messages.toolRunner({
    model: 'claude-haiku-4-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'What time is it?' }],
    tools: [clock],
  })

  assert.deepEqual(JSON.parse(String(gateway.provider.calls[0]?.body)).thread, { type: 'create' })
})

test('the refusal of a thread names the setting that allows it', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })

  const response = await gateway.post('/v1/messages', key, message('hi', { thread: { type: 'create' } }))

  const { error } = (await response.json()) as { error: { details: object } }
  assert.equal(response.status, 400)
  assert.deepEqual(error.details, {
    error_code: 'thread_unsupported_request',
    gateway_code: 'unbounded_feature',
    feature: 'thread',
    allow: 'stored',
  })
})
