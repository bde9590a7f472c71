/** A base URL works with and without `/v1`, in every SDK. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { chat, message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'

test('the SDKs work with the other spelling of the base URL', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const anthropic = new Anthropic({ baseURL: `${gateway.url}/v1`, authToken: key, apiKey: null })
  const openai = new OpenAI({ baseURL: gateway.url, apiKey: key })
  const prompt = { messages: [{ role: 'user' as const, content: 'hi' }] }
  const claude = { model: 'claude-haiku-4-5', ...prompt }

  await anthropic.messages.create({ ...claude, max_tokens: 5 })
  await anthropic.messages.stream({ ...claude, max_tokens: 5 }).finalText()
  await anthropic.messages.countTokens(claude)
  await openai.chat.completions.create({ model: 'gpt-6-luna', ...prompt })
  await openai.responses.create({ model: 'gpt-6-luna', input: 'hi' })
  await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'hi' })
  const models = [
    await anthropic.models.retrieve('claude-haiku-4-5'),
    await openai.models.retrieve('gpt-6-luna'),
  ]
  const lists = [(await anthropic.models.list()).data, (await openai.models.list()).data]

  assert.deepEqual(
    models.map(({ id }) => id),
    ['claude-haiku-4-5', 'gpt-6-luna'],
  )
  assert.ok(lists.every(({ length }) => length > 0))
  const routes = [
    '/v1/messages',
    '/v1/messages',
    '/v1/messages/count_tokens',
    '/v1/chat/completions',
    '/v1/responses',
    '/v1/embeddings',
  ]
  const lines = await until(async () => gateway.calls().length === routes.length && gateway.calls())
  assert.deepEqual(lines.map(({ route }) => route).toSorted(), routes.toSorted())
  assert.deepEqual(
    gateway.provider.calls.map(({ path }) => path),
    routes,
  )
})

test('the query reaches the upstream, and both spellings find the same cached response', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })

  const cached = async (path: string) => (await gateway.post(path, key, message('hi'))).headers.get('x-cache')
  // The response is cached after it was sent.
  await until(async () => (await cached('/messages?beta=true')) === 'HIT')

  assert.equal(await cached('/v1/v1/messages?beta=true'), 'HIT')
  const paths = gateway.provider.calls.map(({ path }) => path)
  assert.deepEqual([...new Set(paths)], ['/v1/messages?beta=true'])
})

test('methods and unknown paths get the same response as under /v1', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const headers = { authorization: `Bearer ${key}` }
  const statusOf = async (method: string, path: string) =>
    (await fetch(gateway.url + path, { method, headers })).status

  assert.equal(await statusOf('HEAD', '/models'), 200)
  assert.equal(await statusOf('GET', '/chat/completions'), 405)
  assert.equal(await statusOf('POST', '/v1/v1/v1/messages'), 404)
  assert.equal(await statusOf('POST', '/v2/messages'), 404)
  assert.equal((await gateway.post('/completions', key, chat('hi'))).status, 404)
  const unknown = await fetch(`${gateway.url}/messages/batches`, { method: 'POST', headers })
  const { type, error } = (await unknown.json()) as {
    type?: string
    error: { type: string; message: string }
  }
  assert.deepEqual([unknown.status, type, error.type], [404, 'error', 'not_found_error'])
  assert.match(error.message, /POST \/messages\/batches;/)
})
