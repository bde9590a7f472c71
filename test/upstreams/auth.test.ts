import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { anthropic } from '../../src/dialects/anthropic/format.ts'
import { openai } from '../../src/dialects/openai/format.ts'
import { authorizerOf, checkKey } from '../../src/upstreams/auth.ts'
import { typeOf } from '../../src/upstreams/types.ts'

const call = { method: 'POST', url: new URL('https://example.com/'), body: null }
const chat = { ...call, format: openai, headers: {} }
const messages = { ...call, format: anthropic, headers: { 'anthropic-version': '2023-06-01' } }

describe('a key in a header', () => {
  it('is sent as the type expects it, without a promise', () => {
    const key = 'a-key'
    assert.deepEqual(authorizerOf(typeOf('openai'))(key, chat), { authorization: 'Bearer a-key' })
    assert.deepEqual(authorizerOf(typeOf('anthropic'))(key, messages), { 'x-api-key': 'a-key' })
    assert.deepEqual(authorizerOf(typeOf('azure-openai'))(key, chat), { 'api-key': 'a-key' })
    for (const name of ['gemini', 'deepseek', 'openrouter', 'fireworks'] as const)
      for (const request of [chat, messages])
        assert.deepEqual(authorizerOf(typeOf(name))(key, request), { authorization: 'Bearer a-key' })
  })

  it('is not sent if there is none and the type needs none', async () => {
    for (const name of ['ollama', 'vllm', 'openai-compatible'] as const) {
      await checkKey(typeOf(name), '')
      assert.deepEqual(authorizerOf(typeOf(name))('', chat), {})
      assert.deepEqual(authorizerOf(typeOf(name))('a', chat), { authorization: 'Bearer a' })
    }
  })

  it('is required by the other types', async () => {
    await assert.rejects(checkKey(typeOf('groq'), ''), { message: 'Groq needs a key' })
    await checkKey(typeOf('groq'), 'gsk_1')
  })
})
