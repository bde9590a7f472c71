/** Usage that no provider can mean is no usage: the call is then charged by rule. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { measure, type Path } from './streams.ts'

const nonsense = [-1, 1.5, 1e300, '5', true, {}, []]

const good: [Path, Record<string, unknown>][] = [
  [
    '/v1/messages',
    { input_tokens: 5, output_tokens: 7, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
  ],
  ['/v1/chat/completions', { prompt_tokens: 5, completion_tokens: 7 }],
  ['/v1/responses', { input_tokens: 5, output_tokens: 7 }],
  ['/v1/embeddings', { prompt_tokens: 5 }],
]
const nested: [Path, string, string[]][] = [
  ['/v1/messages', 'cache_creation', ['ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens']],
  ['/v1/chat/completions', 'prompt_tokens_details', ['cached_tokens', 'cache_write_tokens', 'audio_tokens']],
  ['/v1/chat/completions', 'completion_tokens_details', ['reasoning_tokens', 'audio_tokens']],
  ['/v1/responses', 'input_tokens_details', ['cached_tokens', 'cache_write_tokens']],
]

const usageOf = (path: Path, usage: object) =>
  measure(path, JSON.stringify({ model: 'm', status: 'completed', usage }), { stream: false }).usage

describe('a count that is not an integer of at least 0', () => {
  for (const [path, usage] of good) {
    it(`makes the usage of ${path} invalid`, () => {
      assert.equal(usageOf(path, usage)?.length, 1)
      for (const name of Object.keys(usage))
        for (const wrong of nonsense)
          assert.equal(usageOf(path, { ...usage, [name]: wrong }), undefined, `${name}: ${wrong}`)
    })
  }

  for (const [path, outer, names] of nested) {
    it(`makes the usage invalid in its details too: ${path} ${outer}`, () => {
      const [, usage] = good.find(([one]) => one === path) ?? assert.fail()
      for (const name of names)
        for (const wrong of nonsense)
          assert.equal(
            usageOf(path, { ...usage, [outer]: { [name]: wrong } }),
            undefined,
            `${name}: ${wrong}`,
          )
    })
  }
})

describe('input that is less than its cached part', () => {
  it('is counted beside the cached tokens, as some compatible servers report it', () => {
    const [part] =
      usageOf('/v1/chat/completions', {
        prompt_tokens: 5,
        completion_tokens: 1,
        prompt_tokens_details: { cached_tokens: 100 },
      }) ?? []
    assert.deepEqual([part?.input, part?.cacheRead], [5, 100])
  })
})
