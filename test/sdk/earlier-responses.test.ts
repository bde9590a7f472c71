/** A request that names an earlier response needs that response stored. Otherwise the refusal names the missing settings. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import OpenAI from 'openai'
import { startGateway } from '../gateway.ts'

const model = 'gpt-6-luna'
const reference = { type: 'item_reference' as const, id: 'msg_1' }

async function arrange(t: TestContext, settings: Record<string, unknown> = {}) {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', ...settings })
  return { gateway, openai: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key }) }
}

for (const [where, settings, allow] of [
  ['without a budget', {}, ['stored', 'store']],
  ['under a budget', { budget: { day: 5 } }, ['stored', 'store']],
  ['that may use what is stored and stores nothing', { allow: ['stored'] }, ['store']],
  ['that stores and may not use it', { allow: ['store'] }, ['stored']],
] as const) {
  test(`turn two of a client ${where} gets 400 with the missing settings`, async t => {
    const { gateway, openai } = await arrange(t, settings)
    const first = await openai.responses.create({ model, input: 'one' })

    const second: [feature: string, more: OpenAI.Responses.ResponseCreateParamsNonStreaming][] = [
      ['previous_response_id', { model, input: 'two', previous_response_id: first.id }],
      ['item_reference', { model, input: [reference, { role: 'user', content: 'two' }] }],
    ]
    for (const [feature, body] of second) {
      const raised = await openai.responses.create(body).then(
        () => assert.fail('no error'),
        (error: unknown) => error,
      )

      assert.ok(raised instanceof OpenAI.BadRequestError, String(raised))
      assert.deepEqual(Reflect.get(raised.error ?? {}, 'details'), {
        error_code: 'feature_not_allowed',
        feature,
        allow,
      })
      assert.ok(raised.message.includes(`allow: ${JSON.stringify(allow)}`), raised.message)
    }
    assert.equal(gateway.provider.calls.length, 1)
  })
}

test('a client that may store and use responses continues, and its responses are stored', async t => {
  const { gateway, openai } = await arrange(t, { allow: ['stored', 'store'], budget: { day: 5 } })
  const first = await openai.responses.create({ model, input: 'one' })

  await openai.responses.create({ model, input: 'two', previous_response_id: first.id })

  const sent = gateway.provider.calls.map(({ body }) => JSON.parse(body.toString()))
  assert.deepEqual(
    sent.map(({ store, previous_response_id }) => [store, previous_response_id]),
    [
      [undefined, undefined],
      [undefined, first.id],
    ],
  )
})

test('conversations and prompts need no setting without a budget', async t => {
  const { openai } = await arrange(t)

  await openai.responses.create({ model, input: 'one', conversation: 'conv_1' })
  await openai.responses.create({ model, input: 'one', prompt: { id: 'pmpt_1' } })
})
