/** A fault of the caller reaches the SDK with the upstream's details: SDKs choose error classes by status and `error_code`. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { startGateway } from '../gateway.ts'
import { openaiOrganization } from '../provider/failures.ts'

async function arrange(t: Parameters<typeof startGateway>[0]) {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', cache: { enabled: false } })
  const anthropic = new Anthropic({ baseURL: gateway.url, authToken: key, apiKey: null, maxRetries: 0 })
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 })
  const raised = async (call: () => Promise<unknown>) =>
    call().then(
      () => assert.fail('no error'),
      (error: unknown) => error,
    )
  return {
    gateway,
    ofAnthropic: (scenario: string) =>
      raised(() =>
        anthropic.messages.create({
          model: 'claude-haiku-4-5',
          max_tokens: 100,
          messages: [{ role: 'user', content: `[[scenario: ${scenario}]]` }],
        }),
      ),
    ofOpenai: () =>
      raised(() =>
        openai.chat.completions.create({ model: 'gpt-6-luna', messages: [{ role: 'user', content: 'hi' }] }),
      ),
  }
}

test('the SDK raises the class of the upstream’s own error code', async t => {
  const { ofAnthropic } = await arrange(t)

  const raised = await ofAnthropic('status 400 thread_already_continued')

  assert.ok(raised instanceof Anthropic.Messages.ThreadAlreadyContinuedError)
  assert.equal(raised.errorCode, 'thread_already_continued')
})

test('a conflict keeps its status', async t => {
  const { gateway, ofAnthropic, ofOpenai } = await arrange(t)

  const raised = await ofAnthropic('status 409')
  gateway.provider.next('status 409')
  const ofChat = await ofOpenai()

  assert.ok(raised instanceof Anthropic.ConflictError)
  assert.equal(raised.type, 'conflict_error')
  assert.ok(ofChat instanceof OpenAI.ConflictError)
})

test('the details of an error name no account', async t => {
  const { gateway, ofOpenai } = await arrange(t)
  const details = { error_code: 'in_use', holder: openaiOrganization, retry: { after: 5 } }
  gateway.provider.next({
    failure: { status: 409, body: JSON.stringify({ error: { message: 'In use.', details } }) },
  })

  const raised = await ofOpenai()

  assert.ok(raised instanceof OpenAI.ConflictError)
  assert.deepEqual(Reflect.get(raised.error ?? {}, 'details'), {
    error_code: 'in_use',
    holder: '[…]',
    retry: { after: 5 },
  })
})
