/** A service changes its base URL and its key, and nothing else: both providers' SDKs work, and raise the right typed errors. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { startGateway } from '../gateway.ts'
import { until } from '../until.ts'
import { sdks } from './sdks.ts'

const MODELS = ['claude-haiku-*', 'gpt-6-luna', 'gpt-6-sol', 'text-embedding-3-small']
/** A refused key opens the circuit of its model, so no other case uses these. */
const REFUSED = { anthropic: 'claude-haiku-5-5', openai: 'gpt-6-sol' }

async function arrange(t: TestContext, settings: Record<string, unknown> = {}) {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', models: MODELS, ...settings })
  return { ...gateway, gateway, key }
}

test('each SDK gets its responses and its streams', async t => {
  const { url, key } = await arrange(t)
  for (const connect of sdks) {
    const sdk = connect({ url, key })
    await t.test(sdk.name, async () => {
      const whole = await sdk.ask('hello')
      const streamed = await sdk.stream('hello')

      assert.ok(whole.length > 0)
      assert.ok(streamed.length > 0)
      assert.equal(sdk.attempts, 2)
    })
  }
})

test('the other APIs work as well: responses, embeddings, token counts, models', async t => {
  const { url, key, gateway } = await arrange(t)
  const anthropic = new Anthropic({ baseURL: url, authToken: key, apiKey: null })
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key })

  const response = await openai.responses.create({ model: 'gpt-6-luna', input: 'hello' })
  const events: string[] = []
  for await (const event of await openai.responses.create({
    model: 'gpt-6-luna',
    input: 'hello',
    stream: true,
  })) {
    events.push(event.type)
  }
  const embedding = await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'hello' })
  const counted = await anthropic.messages.countTokens({
    model: 'claude-haiku-4-5',
    messages: [{ role: 'user', content: 'hello' }],
  })
  const claudes = (await anthropic.models.list()).data.map(({ id }) => id)
  const gpts = (await openai.models.list()).data.map(({ id }) => id)

  assert.equal(response.status, 'completed')
  assert.equal(events.at(-1), 'response.completed')
  assert.ok((embedding.data[0]?.embedding.length ?? 0) > 0)
  assert.ok(counted.input_tokens > 0)
  assert.ok(claudes.includes('claude-haiku-4-5') && !claudes.includes('claude-opus-5-5'), claudes.join())
  assert.ok(gpts.includes('gpt-6-luna'), gpts.join())
  const stored = gateway.provider.calls.filter(({ path }) => path.startsWith('/v1/responses'))
  for (const { body } of stored) assert.equal(JSON.parse(body.toString()).store, false)
})

interface Case {
  title: string
  settings?: Record<string, unknown>
  prompt?: string
  more?: { model?: string; maxTokens?: number }
  key?: string
  ownModel?: boolean
  /** By SDK: class name, status, attempts. */
  raises: Record<
    '@anthropic-ai/sdk 1' | '@anthropic-ai/sdk 0' | 'openai 7' | 'openai 6',
    [string, number, number]
  >
}

const everywhere = (name: string, status: number, attempts: number): Case['raises'] => ({
  '@anthropic-ai/sdk 1': [name, status, attempts],
  '@anthropic-ai/sdk 0': [name, status, attempts],
  'openai 7': [name, status, attempts],
  'openai 6': [name, status, attempts],
})

const overBudget: Case['raises'] = {
  '@anthropic-ai/sdk 1': ['PaymentRequiredError', 402, 1],
  '@anthropic-ai/sdk 0': ['APIError', 402, 1],
  'openai 7': ['APIError', 402, 1],
  'openai 6': ['APIError', 402, 1],
}

const cases: Case[] = [
  { title: 'an unknown key', key: 'tg_made_up', raises: everywhere('PermissionDeniedError', 403, 1) },
  {
    title: 'a model that is not on the list',
    settings: { models: ['none-*'] },
    raises: everywhere('NotFoundError', 404, 1),
  },
  {
    title: 'an unknown model',
    settings: { models: ['*'] },
    more: { model: 'unknown-model' },
    raises: everywhere('NotFoundError', 404, 1),
  },
  {
    title: 'a field of the wrong kind',
    more: { maxTokens: -1 },
    raises: everywhere('BadRequestError', 400, 1),
  },
  {
    title: 'a call that can never fit its budget',
    settings: { budget: { day: 0.000001 } },
    raises: overBudget,
  },
  {
    title: 'a provider that fails',
    prompt: '[[scenario: status 500]]',
    raises: everywhere('InternalServerError', 502, 3),
  },
  {
    title: 'a provider that refuses our key',
    prompt: '[[scenario: status 401]]',
    ownModel: true,
    raises: everywhere('InternalServerError', 502, 1),
  },
  {
    title: 'a request the provider finds wrong',
    prompt: '[[scenario: status 400]]',
    raises: everywhere('BadRequestError', 400, 1),
  },
  {
    title: 'an overloaded provider',
    prompt: '[[scenario: status 529]]',
    raises: {
      '@anthropic-ai/sdk 1': ['OverloadedError', 529, 3],
      '@anthropic-ai/sdk 0': ['InternalServerError', 529, 3],
      'openai 7': ['InternalServerError', 529, 3],
      'openai 6': ['InternalServerError', 529, 3],
    },
  },
]

test('each SDK raises the right typed error in the right number of attempts', {
  concurrency: true,
}, async t => {
  const { url, gateway } = await arrange(t)
  const tests = cases.map(async ({ title, settings, prompt = 'hello', more, key, ownModel, raises }, i) => {
    const own = key ?? (await gateway.client({ name: `case-${i}`, models: MODELS, ...settings }))
    for (const connect of sdks) {
      const sdk = connect({ url, key: own })
      await t.test(`${sdk.name}: ${title}`, async () => {
        const raised = await sdk.ask(prompt, ownModel ? { model: REFUSED[sdk.family] } : more).then(
          () => assert.fail('no error'),
          (error: Error & { status?: number }) => error,
        )

        const [name, status, attempts] = raises[sdk.name as keyof Case['raises']]
        assert.equal(raised.constructor.name, name)
        assert.equal(raised.status, status)
        assert.equal(sdk.attempts, attempts)
      })
    }
  })
  await Promise.all(tests)
})

test('an SDK above its rate limit waits for Retry-After, and gets its response', {
  concurrency: true,
}, async t => {
  const { url, gateway } = await arrange(t)
  const tests = sdks.map(async (connect, i) => {
    const key = await gateway.client({
      name: `hasty-${i}`,
      models: MODELS,
      limits: { requests: { capacity: 1, per: '3s' } },
    })
    const sdk = connect({ url, key })
    await t.test(sdk.name, async () => {
      await sdk.ask('one')
      const response = await sdk.ask('two')

      assert.ok(response.length > 0)
      assert.ok(sdk.attempts >= 3, `${sdk.attempts} attempts`)
    })
  })
  await Promise.all(tests)
})

test('no SDK tries again before a limit that frees in an hour', { concurrency: true }, async t => {
  const { url, gateway } = await arrange(t)
  const tests = sdks.map(async (connect, i) => {
    const key = await gateway.client({
      name: `hourly-${i}`,
      models: MODELS,
      limits: { requests: { capacity: 1, per: '1h' } },
    })
    const sdk = connect({ url, key })
    await t.test(sdk.name, async () => {
      await sdk.ask('one')

      const raised = await sdk.ask('two').then(
        () => assert.fail('no error'),
        (error: Error & { status?: number; headers?: Headers }) => error,
      )

      assert.equal(raised.status, 429)
      assert.equal(sdk.attempts, 2)
      const wait = Number(raised.headers?.get('retry-after'))
      assert.ok(wait > 3500 && wait <= 3600, `an hour, not ${wait} s`)
    })
  })
  await Promise.all(tests)
})

/** Just above the hold of one small call, and below that of two. */
const ONE_CALL = { anthropic: 0.001, openai: 0.0001 }

test('no SDK tries again after a spent budget', { concurrency: true }, async t => {
  const { url, gateway } = await arrange(t)
  const tests = sdks.map(async (connect, i) => {
    const family = connect({ url, key: 'any' }).family
    const key = await gateway.client({
      name: `spent-${i}`,
      models: MODELS,
      budget: { day: ONE_CALL[family] },
    })
    const sdk = connect({ url, key })
    await t.test(sdk.name, async () => {
      await sdk.ask('one [[scenario: usage 100 in 100 out]]')

      const raised = await sdk.ask('two').then(
        () => assert.fail('no error'),
        (error: Error & { status?: number }) => error,
      )

      assert.equal(raised.status, 402)
      assert.match(JSON.stringify(raised), /budget_exceeded/)
      assert.equal(sdk.attempts, 2)
    })
  })
  await Promise.all(tests)
})

test('an SDK waits while running calls hold the budget, and gets its response', {
  concurrency: true,
}, async t => {
  const { url, gateway } = await arrange(t)
  const tests = sdks.map(async (connect, i) => {
    const family = connect({ url, key: 'any' }).family
    const key = await gateway.client({
      name: `crowded-${i}`,
      models: MODELS,
      budget: { day: ONE_CALL[family] },
    })
    const [running, waiting] = [connect({ url, key }), connect({ url, key })]
    await t.test(running.name, async () => {
      const first = running.ask(`one [[scenario: hold ${running.name}, usage 10 in 1 out]]`)
      await until(async () => Number((await gateway.state(`crowded-${i}`)).day?.heldUsd) > 0)

      const waited = waiting.ask('two [[scenario: usage 10 in 1 out]]')
      await until(async () =>
        gateway.calls().some(line => line.client === `crowded-${i}` && line.outcome === 'refused'),
      )
      gateway.provider.release(running.name)

      assert.ok((await waited).length > 0)
      assert.ok(waiting.attempts > 1, `${waiting.attempts} attempts`)
      await first
    })
  })
  await Promise.all(tests)
})

test('the loop limit slows an SDK down, and lets it continue', { concurrency: true }, async t => {
  const { url, gateway } = await arrange(t)
  const settings = { models: MODELS, cache: { enabled: false }, loop: { identical: 1, per: '3s' } }
  const tests = sdks.map(async (connect, i) => {
    const key = await gateway.client({ name: `looping-${i}`, ...settings })
    const sdk = connect({ url, key })
    await t.test(sdk.name, async () => {
      await sdk.ask('again')
      await sdk.ask('again')

      assert.ok(sdk.attempts >= 3, `${sdk.attempts} attempts`)
      const refused = gateway
        .calls()
        .filter(line => line.client === `looping-${i}` && line.outcome === 'refused')
      assert.ok(refused.every(line => line.refusal === 'loop_detected') && refused.length > 0)
    })
  })
  await Promise.all(tests)
})
