import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { anthropic } from '../../src/dialects/anthropic/format.ts'
import { dialectOf } from '../../src/dialects/index.ts'
import { openai } from '../../src/dialects/openai/format.ts'

const models = [
  {
    id: 'claude-haiku-4-5-20251001',
    maker: 'anthropic',
    maxInput: 200_000,
    maxOutput: 64_000,
    displayName: 'Claude Haiku 4.5',
    released: new Date('2025-10-15'),
  },
  {
    id: 'gpt-6-luna',
    maker: 'openai',
    maxInput: 400_000,
    maxOutput: 128_000,
    displayName: 'GPT-6 Luna',
    released: new Date('2026-08-01'),
  },
]

describe('the list of models', () => {
  it('has the shape of Anthropic’s API', () => {
    assert.deepEqual(anthropic.modelList(models), {
      data: [
        {
          type: 'model',
          id: 'claude-haiku-4-5-20251001',
          display_name: 'Claude Haiku 4.5',
          created_at: '2025-10-15T00:00:00Z',
          max_input_tokens: 200_000,
          max_tokens: 64_000,
        },
        {
          type: 'model',
          id: 'gpt-6-luna',
          display_name: 'GPT-6 Luna',
          created_at: '2026-08-01T00:00:00Z',
          max_input_tokens: 400_000,
          max_tokens: 128_000,
        },
      ],
      has_more: false,
      first_id: 'claude-haiku-4-5-20251001',
      last_id: 'gpt-6-luna',
    })
    assert.deepEqual(anthropic.modelList([]), { data: [], has_more: false, first_id: null, last_id: null })
  })

  it('has the shape of OpenAI’s API', () => {
    assert.deepEqual(openai.modelList(models), {
      object: 'list',
      data: [
        { id: 'claude-haiku-4-5-20251001', object: 'model', created: 1_760_486_400, owned_by: 'anthropic' },
        { id: 'gpt-6-luna', object: 'model', created: 1_785_542_400, owned_by: 'openai' },
      ],
    })
    assert.deepEqual(openai.modelEntry(models[0]!), {
      id: 'claude-haiku-4-5-20251001',
      object: 'model',
      created: 1_760_486_400,
      owned_by: 'anthropic',
    })
  })
})

describe('the dialect of a caller', () => {
  const format = (url: string, headers: Record<string, string> = {}) =>
    dialectOf(undefined, { url, headers }).format.name

  it('follows from the version header or from the path', () => {
    assert.equal(format('/v1/models'), 'openai')
    assert.equal(format('/v1/models', { 'anthropic-version': '2023-06-01' }), 'anthropic')
    assert.equal(format('/v1/messages?beta=true'), 'anthropic')
    assert.equal(format('/v1/messages/batches'), 'anthropic')
    assert.equal(format('/v1/chat'), 'openai')
  })
})
