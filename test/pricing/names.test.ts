import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readPrices } from '../../src/pricing/read.ts'
import { loadPrices } from '../../src/pricing/table.ts'
import { table, today } from './usage.ts'

const served = (name: string) => table.findServed(name, today)?.model

describe('the model of a response', () => {
  it('is found by every name that aggregators and clouds use', () => {
    const names: Record<string, string[]> = {
      'gpt-4o-mini': [
        'openai/gpt-4o-mini-2024-07-18',
        'openai/gpt-4o-mini',
        'azure/gpt-4o-mini',
        'GPT-4o-mini',
        'gpt-4o-mini:free',
        'openrouter/openai/gpt-4o-mini:online',
        'gpt-4o-mini@2024-07-18',
        'gpt-4o-mini-2027-01-31',
        'gpt-4o-mini-latest',
      ],
      'gpt-4.1': ['openai/gpt-4.1', 'gpt-4.1-20250414', 'gpt-4-1', 'gpt-4-1-2025-04-14'],
      'gpt-4o-2024-05-13': ['openai/gpt-4o-2024-05-13', 'azure/gpt-4o-20240513'],
      'gpt-4o': ['openai/gpt-4o-2024-11-20', 'gpt-4o-2025-05-13'],
      'gpt-5-chat-latest': ['openai/gpt-5-chat', 'gpt-5-chat-latest'],
      'gpt-5.3-codex': ['openai/gpt-5.3-codex-2026-02-05'],
      'o4-mini': ['azure/o4-mini'],
      'claude-haiku-4-5': [
        'anthropic/claude-4.5-haiku-20251001',
        'claude-4.5-haiku',
        'anthropic/claude-haiku-4.5',
        'us.anthropic.claude-haiku-4-5-20251001-v1:0',
        'us-gov.anthropic.claude-haiku-4-5-20251001-v1:0',
        'global.anthropic.claude-haiku-4-5-v1',
        'bedrock/anthropic.claude-haiku-4-5',
        'claude-haiku-4-5@20251001',
        'vertex_ai/claude-haiku-4-5@default',
        'claude-haiku-4-5-latest',
        'claude-haiku-4-5[1m]',
      ],
      'claude-sonnet-4-0': [
        'anthropic/claude-sonnet-4',
        'claude-4-sonnet-20250514',
        'claude-sonnet-4@20250514',
      ],
      'claude-opus-4-1': ['anthropic/claude-4.1-opus', 'eu.anthropic.claude-opus-4-1-20250805-v1:0'],
      'claude-opus-5': ['anthropic/claude-5-opus-20270101'],
    }
    for (const [model, given] of Object.entries(names))
      for (const name of given) assert.equal(served(name), model, name)
  })

  it('is found by every name in the table', () => {
    for (const { id, price } of table.list(today)) {
      assert.equal(served(id), price.model)
      assert.equal(served(`vendor/${id}`), price.model)
      assert.equal(served(`${id}:free`), price.model)
    }
  })

  it('is unknown if the name only begins like a known name', () => {
    for (const name of [
      'gpt-4',
      'openai/gpt-4-1106-preview',
      'claude-haiku',
      'claude-4-5',
      'gpt-4o-mini-tts',
      '',
      '/',
      ':',
      '['.repeat(1e5),
    ])
      assert.equal(served(name), undefined, name)
  })

  it('is the operator’s own model if a built-in one has the same name', () => {
    const { 'gpt-4o-mini': mini } = { 'gpt-4o-mini': table.find('gpt-4o-mini', today) }
    assert.ok(mini)
    const { contextWindow, maxInput, maxOutput, hidesOutput, kind } = mini
    const limits = { contextWindow, maxInput, maxOutput, hidesOutput, kind, limitsFrom: 'this test' }
    const prices = [{ in: '1', out: '2', source: 'this test', checked: '2026-11-23' }]
    const own = loadPrices(
      { models: { 'gpt-4o-mini': { maker: 'openai', ...limits, prices } } },
      { models: { 'openai/gpt-4o-mini': { maker: 'openai', ...limits, prices } } },
    )
    assert.equal(own.findServed('openai/gpt-4o-mini', today)?.model, 'openai/gpt-4o-mini')
    assert.equal(own.findServed('gpt-4o-mini', today)?.model, 'gpt-4o-mini')
  })
})

describe('the model of a response, in the public list', () => {
  const listed = readPrices(undefined)
  const servedOf = (name: string) => listed.findServed(name, today)?.model

  it('is found by every name that its providers and aggregators use', () => {
    const names: Record<string, string[]> = {
      'gemini-2.5-pro': ['models/gemini-2.5-pro', 'google/gemini-2.5-pro', 'gemini-2.5-pro@default'],
      'gemini-2.5-flash': ['publishers/google/models/gemini-2.5-flash', 'google/gemini-2.5-flash:free'],
      'mistral-large': ['mistralai/mistral-large', 'mistral-large-2411'],
      'mistral-large-2512': ['mistral-large-latest', 'mistralai/mistral-large-2512'],
      'deepseek-v4-flash': ['deepseek-chat', 'accounts/fireworks/models/deepseek-v4-flash'],
      'grok-4-0709': ['grok-4', 'grok-4-latest', 'xai/grok-4-0709'],
      'gpt-oss-120b': [
        'openai/gpt-oss-120b',
        'accounts/fireworks/models/gpt-oss-120b',
        'groq/openai/gpt-oss-120b',
      ],
      'meta-llama/Llama-3.3-70B-Instruct-Turbo': [
        'meta-llama/Llama-3.3-70B-Instruct-Turbo',
        'meta-llama/llama-3.3-70b-instruct-turbo',
        'together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo',
      ],
      'llama-3.3-70b-versatile': ['groq/llama-3.3-70b-versatile'],
      'meta.llama3-3-70b-instruct-v1:0': ['us.meta.llama3-3-70b-instruct-v1:0'],
      'kimi-k3': ['moonshotai/kimi-k3-20260715', 'accounts/fireworks/models/kimi-k3'],
    }
    for (const [model, given] of Object.entries(names))
      for (const name of given) assert.equal(servedOf(name), model, name)
  })

  it('is never cheaper by a name with another vendor than by its own', () => {
    for (const { id, price } of listed.list(today)) {
      const other = listed.findServed(`vendor/${id}`, today)
      assert.equal(servedOf(id), price.model)
      assert.ok(other && other.bands.at(-1)!.rates.out >= price.bands.at(-1)!.rates.out, `vendor/${id}`)
    }
  })

  it('is unknown if the name only begins like a known name', () => {
    for (const name of [
      'gemini',
      'gemini-2.5-pro-ultra',
      'models/gemini-99-pro',
      'google/gemini-2.5',
      'mistral',
      'mistralai/mistral-large-9912',
      'grok-4.31',
      'deepseek',
      'accounts/fireworks/models/unheard-of',
      'meta-llama/Llama-3.3-70B',
      'kimi-k3-other',
      'gpt-oss',
    ])
      assert.equal(servedOf(name), undefined, name)
  })
})
