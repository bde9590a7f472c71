/** Models that a call may use: an unknown model and a model without a price get different errors. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { chat, type Gateway, message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'

const CHAT = '/v1/chat/completions'

async function refused(gateway: Gateway, key: string, path: string, body: object) {
  const response = await gateway.post(path, key, body)
  const { error } = (await response.json()) as { error: { message: string; details: { error_code: string } } }
  return { status: response.status, code: error.details.error_code, message: error.message }
}

test('the refusal of a mistyped model names the nearest known one', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', models: ['gpt-6-*', 'claude-haiku-*'] })

  const spaced = await refused(gateway, key, CHAT, chat('hi', { model: 'gpt-6-luna ' }))
  const dotted = await refused(gateway, key, '/v1/messages', message('hi', { model: 'claude-haiku-4.5' }))
  const strange = await refused(gateway, key, CHAT, chat('hi', { model: 'gpt-6-unheard-of' }))

  for (const { status, code, message: said } of [spaced, dotted, strange]) {
    assert.deepEqual([status, code], [404, 'model_not_found'])
    assert.match(said, /GET \/v1\/models .* PRICES_FILE/)
  }
  assert.match(spaced.message, /Did you mean gpt-6-luna\?/)
  assert.match(dotted.message, /Did you mean claude-haiku-4-5\?/)
  assert.doesNotMatch(strange.message, /Did you mean/)
})

test('a model spelt as an aggregator spells it gets 404 with its plain name', async t => {
  const gateway = await startGateway(t)
  const anyModel = await gateway.client({ name: 'open' })
  const listed = await gateway.client({ name: 'listed', models: ['claude-haiku-*'] })

  for (const model of [
    'anthropic/claude-haiku-4-5',
    'claude-haiku-4-5[1m]',
    'us.anthropic.claude-haiku-4-5-v1:0',
  ])
    for (const key of [anyModel, listed]) {
      const { status, message: said } = await refused(gateway, key, '/v1/messages', message('hi', { model }))
      assert.equal(status, 404)
      assert.match(said, /Did you mean claude-haiku-4-5\?/)

      const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01' }
      const looked = await fetch(`${gateway.url}/v1/models/${encodeURIComponent(model)}`, { headers })
      assert.equal(looked.status, 404)
      assert.match(await looked.text(), /Did you mean claude-haiku-4-5\?/)
    }
})

test('a model outside the allow-list gets 404 in the error format of the provider, with the name of the client', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', models: ['gpt-6-luna'] })
  const errorOf = async (path: string, body: object) => {
    const response = await gateway.post(path, key, body)
    assert.equal(response.status, 404)
    return ((await response.json()) as { error: Record<string, unknown> }).error
  }

  const anthropic = await errorOf('/v1/messages', message('hi'))
  const openai = await errorOf(CHAT, chat('hi', { model: 'gpt-6-sol' }))

  assert.equal(anthropic.type, 'not_found_error')
  assert.match(String(anthropic.message), /^model: claude-haiku-4-5: client frontend /)
  assert.deepEqual(
    [openai.type, openai.code, openai.param],
    ['invalid_request_error', 'model_not_found', 'model'],
  )
  assert.match(String(openai.message), /^The model `gpt-6-sol` does not exist or .*: client frontend /)
  for (const { details } of [anthropic, openai])
    assert.match(JSON.stringify(details), /"error_code":"model_not_allowed".*"client":"frontend"/)
})

test('a refusal never suggests a model outside the allow-list', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', models: ['gpt-6-lun', 'gpt-6-sol'] })

  const { status, message: said } = await refused(gateway, key, CHAT, chat('hi', { model: 'gpt-6-lun' }))

  assert.equal(status, 404)
  assert.doesNotMatch(said, /luna/)
})

test('a call for a known model without a price is never forwarded', async t => {
  const gateway = await startGateway(t, { env: { PRICES_FILE: await priceFile(t) } })
  const key = await gateway.client({ name: 'frontend' })

  const later = await refused(gateway, key, CHAT, chat('hi', { model: 'local-later' }))
  const plain = await gateway.post('/v1/messages', key, message('hi', { model: 'local' }))

  assert.deepEqual([later.status, later.code], [400, 'model_not_priced'])
  assert.match(later.message, /local-later is not on sale yet/)
  assert.equal(plain.status, 200)
})

test('a model on the list is allowed under each of its names', async t => {
  const gateway = await startGateway(t)
  const alias = 'claude-haiku-4-5'
  const dated = 'claude-haiku-4-5-20251001'
  for (const [name, listed] of Object.entries({ alias, dated, pattern: '*-20251001' })) {
    const key = await gateway.client({ name, models: [listed] })
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key })
    const { data } = await openai.models.list()

    for (const asked of [alias, dated]) {
      const { status } = await gateway.post('/v1/messages', key, message('hi', { model: asked }))
      const explained = await gateway.admin('GET', `/explain?client=${name}&model=${asked}`)

      assert.equal(status, 200, `${asked} with ${listed}`)
      assert.deepEqual([explained.body.allowed, explained.body.pattern], [true, listed])
    }
    assert.deepEqual(
      data.map(({ id }) => id),
      [alias, dated],
    )
    const other = await refused(gateway, key, '/v1/messages', message('hi', { model: 'claude-haiku-5-5' }))
    assert.equal(other.code, 'model_not_allowed')
  }
})

test('the allow-list matches an unknown model name unchanged, and comes before the price table', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', models: ['claude-haiku-4-5*'] })

  const listed = await refused(gateway, key, '/v1/messages', message('hi', { model: 'claude-haiku-4-5-x' }))
  const strange = await refused(
    gateway,
    key,
    '/v1/messages',
    message('hi', { model: 'claude-haiku-4-20251001' }),
  )

  assert.equal(listed.code, 'model_not_found')
  assert.equal(strange.code, 'model_not_allowed')
})

test('both SDKs list models with the names and dates of the price table', async t => {
  const gateway = await startGateway(t, { env: { PRICES_FILE: await priceFile(t) } })
  const key = await gateway.client({
    name: 'frontend',
    models: ['claude-haiku-4-5', 'gpt-6-luna', 'local', 'text-embedding-3-small'],
  })
  const anthropic = new Anthropic({ baseURL: gateway.url, authToken: key, apiKey: null })
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key })

  const claudes = (await anthropic.models.list()).data
  const gpts = (await openai.models.list()).data
  const haiku = await anthropic.models.retrieve('claude-haiku-4-5-20251001')
  const luna = await openai.models.retrieve('gpt-6-luna')

  assert.deepEqual(
    claudes.map(({ id, display_name, created_at }) => [id, display_name, created_at]),
    [
      ['claude-haiku-4-5', 'Claude Haiku 4.5', '2025-10-15T00:00:00Z'],
      ['claude-haiku-4-5-20251001', 'Claude Haiku 4.5', '2025-10-15T00:00:00Z'],
      ['gpt-6-luna', 'GPT-6 Luna', '2026-09-22T00:00:00Z'],
      ['local', 'local', '2026-11-23T00:00:00Z'],
      ['text-embedding-3-small', 'text-embedding-3-small', '2024-01-25T00:00:00Z'],
    ],
  )
  assert.deepEqual(
    gpts.map(({ id, created }) => [id, new Date(created * 1000).toISOString().slice(0, 10)]),
    claudes.map(({ id, created_at }) => [id, created_at.slice(0, 10)]),
  )
  assert.equal(haiku.display_name, 'Claude Haiku 4.5')
  assert.deepEqual([luna.owned_by, luna.created], ['openai', Date.parse('2026-09-22') / 1000])
})

test('a model of the public list is served, charged and explained with its source', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 500 } })
  const model = 'gemini-2.5-pro'

  const response = await gateway.post(CHAT, key, chat('[[scenario: usage 1000 in 500 out]]', { model }))
  await until(async () => (await gateway.state('frontend')).day?.spentUsd === 0.00625)
  const { body } = await gateway.admin('GET', `/explain?client=frontend&model=${model}`)
  const { price } = body as { price: Record<string, Record<string, string>> }

  assert.equal(response.status, 200)
  assert.deepEqual([price.maker, price.origins?.in, price.multiplier], ['google', 'public', null])
  assert.match(price.usdPerMillionTokens?.source ?? '', /ai\.google\.dev.*@pydantic\/genai-prices/)
})

/** A model without cache writes, and a future one. */
async function priceFile(t: TestContext): Promise<string> {
  const row = { in: '1', out: '2', source: 'this test', checked: '2026-11-23' }
  const limits = { contextWindow: 9000, maxInput: 9000, maxOutput: 900, limitsFrom: 'this test' }
  const entry = { maker: 'openai', kind: 'chat', hidesOutput: false, ...limits, prices: [row] }
  const models = { local: entry, 'local-later': { ...entry, prices: [{ ...row, from: '2999-01-01' }] } }
  const file = join(await mkdtemp(join(tmpdir(), 'prices-')), 'prices.json')
  t.after(() => rm(dirname(file), { recursive: true }))
  await writeFile(file, JSON.stringify({ models }))
  return file
}
