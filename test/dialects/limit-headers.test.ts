import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { goDuration } from '../../src/dialects/openai/limit-headers.ts'
import { dialect } from './streams.ts'

const NOON = Date.parse('2026-11-23T12:00:00Z')

const state = {
  requests: { limit: 100, remaining: 99, resetMs: 36_000 },
  tokens: { limit: 200_000, remaining: -12.5, resetMs: 61_500 },
}

describe('the limit headers', () => {
  it('are Anthropic’s on its routes, with the time of the reset', () => {
    const {
      'anthropic-ratelimit-requests-reset': requests,
      'anthropic-ratelimit-tokens-reset': tokens,
      ...rest
    } = dialect('/v1/messages').limitHeaders(state, NOON)

    assert.deepEqual(rest, {
      'anthropic-ratelimit-requests-limit': '100',
      'anthropic-ratelimit-requests-remaining': '99',
      'anthropic-ratelimit-tokens-limit': '200000',
      'anthropic-ratelimit-tokens-remaining': '0',
    })
    assert.deepEqual([requests, tokens], ['2026-11-23T12:00:36Z', '2026-11-23T12:01:02Z'])
  })

  it('are OpenAI’s on its routes, with the time until the reset', () => {
    assert.deepEqual(dialect('/v1/responses').limitHeaders(state, NOON), {
      'x-ratelimit-limit-requests': '100',
      'x-ratelimit-remaining-requests': '99',
      'x-ratelimit-reset-requests': '36s',
      'x-ratelimit-limit-tokens': '200000',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '1m1.5s',
    })
  })

  it('are absent without a limit', () => {
    for (const path of ['/v1/messages', '/v1/embeddings'] as const) {
      assert.deepEqual(dialect(path).limitHeaders({}, NOON), {})
      assert.equal(Object.keys(dialect(path).limitHeaders({ requests: state.requests }, NOON)).length, 3)
    }
  })
})

describe('a duration in Go’s format', () => {
  const durations: [ms: number, text: string][] = [
    [0, '0s'],
    [-5, '0s'],
    [0.2, '1ms'],
    [12, '12ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1500, '1.5s'],
    [59_999, '59.999s'],
    [60_000, '1m0s'],
    [360_000, '6m0s'],
    [3_600_000, '1h0m0s'],
    [90_061_001, '25h1m1.001s'],
  ]
  for (const [ms, text] of durations) it(`${ms} ms is ${text}`, () => assert.equal(goDuration(ms), text))
})
