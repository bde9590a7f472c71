import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Edits } from '../../src/dialects/dialect.ts'
import { builtin } from '../../src/pricing/builtin.ts'
import { loadPrices } from '../../src/pricing/table.ts'
import { dialect, type Path } from './streams.ts'

const rewrite = (path: Path, body: string | Buffer, edits: Edits) =>
  dialect(path).rewrite(Buffer.from(body), edits).toString()

const messages: Path = '/v1/messages'
const chat: Path = '/v1/chat/completions'
const responses: Path = '/v1/responses'

describe('a request without edits', () => {
  it('is sent as the same buffer', () => {
    for (const path of [messages, chat, responses, '/v1/embeddings', '/v1/messages/count_tokens'] as const) {
      const raw = Buffer.from('{ "model" : "m" }')
      assert.equal(dialect(path).rewrite(raw, {}), raw)
    }
  })

  it('is sent as the same buffer on a route without these members', () => {
    const all: Edits = { maxOutputTokens: 5, includeUsage: true, noStore: true, promptCacheKey: 'x' }
    for (const path of ['/v1/embeddings', '/v1/messages/count_tokens'] as const) {
      const raw = Buffer.from('{"model":"m"}')
      assert.equal(dialect(path).rewrite(raw, all), raw)
    }
    assert.equal(
      rewrite(messages, '{"model":"m","max_tokens":5}', { ...all }),
      '{"model":"m","max_tokens":5}',
    )
  })
})

describe('a ceiling', () => {
  it('is set under the name that the route and the model accept', () => {
    const table = loadPrices(builtin, {
      models: {
        'gpt-5.4': { aliases: ['openai/gpt-5.4'] },
        'o4-mini': { aliases: ['azure/o4-mini'] },
        'gpt-4o': { aliases: ['gpt-5-lookalike'] },
      },
    })
    const put = (path: Path, model: string) => {
      const price = table.find(model, new Date())
      assert.ok(price, model)
      return rewrite(path, `{"model":"${model}"}`, { maxOutputTokens: 4096, price })
    }
    assert.equal(put(messages, 'claude-haiku-4-5'), '{"max_tokens":4096,"model":"claude-haiku-4-5"}')
    assert.equal(put(responses, 'gpt-6-luna'), '{"max_output_tokens":4096,"model":"gpt-6-luna"}')
    for (const model of [
      'gpt-5',
      'gpt-5-chat-latest',
      'gpt-6-luna',
      'gpt-5.6-terra',
      'o1',
      'o3-mini',
      'o4-mini',
      'openai/gpt-5.4',
      'azure/o4-mini',
    ])
      assert.equal(put(chat, model), `{"max_completion_tokens":4096,"model":"${model}"}`)
    for (const model of ['gpt-4o', 'gpt-4.1-mini', 'gpt-5-lookalike', 'claude-haiku-4-5', 'claude-opus-5-5'])
      assert.equal(put(chat, model), `{"max_tokens":4096,"model":"${model}"}`)
  })

  it('replaces a null', () => {
    const body = '{"model":"claude-haiku-4-5","max_tokens": null ,"messages":[]}'
    assert.equal(
      rewrite(messages, body, { maxOutputTokens: 7 }),
      '{"model":"claude-haiku-4-5","max_tokens": 7 ,"messages":[]}',
    )
  })
})

describe('the request for a usage frame', () => {
  const wish = (body: string) => rewrite(chat, body, { includeUsage: true })

  it('is set in the stream options, which are created if missing', () => {
    assert.equal(
      wish('{"model":"m","stream":true}'),
      '{"stream_options":{"include_usage":true},"model":"m","stream":true}',
    )
    assert.equal(
      wish('{"model":"m","stream_options":null}'),
      '{"model":"m","stream_options":{"include_usage":true}}',
    )
    assert.equal(
      wish('{"model":"m","stream_options":{}}'),
      '{"model":"m","stream_options":{"include_usage":true}}',
    )
    assert.equal(
      wish('{"model":"m","stream_options": { "include_usage" : false }}'),
      '{"model":"m","stream_options": { "include_usage" : true }}',
    )
    assert.equal(
      wish('{"stream_options":{"include_obfuscation":false},"model":"m"}'),
      '{"stream_options":{"include_usage":true,"include_obfuscation":false},"model":"m"}',
    )
  })

  it('does not change the prompt', () => {
    const prompt = JSON.stringify('{"stream_options":{"include_usage":false},"model":"x"}')
    assert.equal(
      wish(`{"messages":[{"content":${prompt}}],"model":"m"}`),
      `{"stream_options":{"include_usage":true},"messages":[{"content":${prompt}}],"model":"m"}`,
    )
  })
})

describe('the separation of clients', () => {
  it('sets no storage and a cache key with the client’s name', () => {
    const edits: Edits = { noStore: true, promptCacheKey: 'client-1:"mine"' }
    assert.equal(
      rewrite(responses, '{"model":"m","store":true,"prompt_cache_key":"\\"mine\\""}', edits),
      '{"model":"m","store":false,"prompt_cache_key":"client-1:\\"mine\\""}',
    )
    assert.equal(rewrite(chat, '{"model":"m"}', { noStore: true }), '{"store":false,"model":"m"}')
  })
})

describe('the model of the upstream', () => {
  it('replaces the model of the request on every route', () => {
    const paths = [messages, chat, responses, '/v1/embeddings', '/v1/messages/count_tokens'] as const
    for (const path of paths)
      assert.equal(
        rewrite(path, '{ "model" : "fast", "x":"fast"}', { model: 'the "model"' }),
        '{ "model" : "the \\"model\\"", "x":"fast"}',
      )
  })

  it('leaves the body of a Vertex call, which has the version instead', () => {
    const edits: Edits = { model: 'x', modelInPath: true, versionInBody: 'vertex-2023-10-16' }
    const version = '"anthropic_version":"vertex-2023-10-16"'
    for (const path of [messages, '/v1/messages/count_tokens'] as const) {
      assert.equal(
        rewrite(path, '{"model":"x","max_tokens":5,"messages":[]}', edits),
        `{${version},"max_tokens":5,"messages":[]}`,
      )
      assert.equal(
        rewrite(path, `{"max_tokens":5, "model" : "x" , "anthropic_version":"v"}`, edits),
        `{"max_tokens":5, ${version}}`,
      )
      assert.equal(rewrite(path, '{"messages":[],"model":"x"}', edits), `{${version},"messages":[]}`)
    }
  })
})

describe('an upstream with one name for the output limit', () => {
  const edits: Edits = { outputLimit: 'max_tokens', onlyOutputLimit: true }
  const sent = (body: string, more: Edits = {}) => rewrite(chat, body, { ...edits, ...more })

  it('gets the caller’s limit by this name', () => {
    assert.equal(sent('{"max_completion_tokens": 5 ,"model":"m"}'), '{"max_tokens": 5 ,"model":"m"}')
    assert.equal(sent('{"model":"m", "max_tokens":5}'), '{"model":"m", "max_tokens":5}')
    assert.equal(sent('{"max_completion_tokens":5,"max_tokens":9}'), '{"max_tokens":9}')
    assert.equal(sent('{"model":"max_completion_tokens"}'), '{"model":"max_completion_tokens"}')
    const other: Edits = { outputLimit: 'max_completion_tokens', onlyOutputLimit: true }
    assert.equal(rewrite(chat, '{"max_tokens":5}', other), '{"max_completion_tokens":5}')
  })

  it('gets the gateway’s limit by this name', () => {
    const price = { maker: 'openai', hidesOutput: true }
    assert.equal(sent('{"model":"m"}', { maxOutputTokens: 7, price }), '{"max_tokens":7,"model":"m"}')
    assert.equal(
      sent('{"model":"m","max_completion_tokens":null}', { maxOutputTokens: 7 }),
      '{"max_tokens":7,"model":"m"}',
    )
  })

  it('is not renamed where the upstream takes both', () => {
    const body = '{"max_completion_tokens":5}'
    assert.equal(rewrite(chat, body, { outputLimit: 'max_tokens' }), body)
  })
})

describe('an upstream that refuses the options of a stream', () => {
  it('is not asked for usage', () => {
    const body = '{"model":"m","stream":true}'
    assert.equal(rewrite(chat, body, { includeUsage: true, refusesStreamOptions: true }), body)
  })
})

describe('a rewritten request', () => {
  it('has the same meaning plus the edits', () => {
    const body = fc.record(
      {
        model: fc.constantFrom('gpt-6-luna', 'o3', 'gpt-6.1-sol'),
        messages: fc.array(fc.jsonValue()),
        stream: fc.boolean(),
        stream_options: fc.constantFrom(null, {}, { include_usage: false }, { include_obfuscation: true }),
        max_tokens: fc.constantFrom(null),
        store: fc.constantFrom(null, true, false),
        prompt_cache_key: fc.string({ unit: 'grapheme' }),
        metadata: fc.jsonValue(),
      },
      { requiredKeys: ['model'] },
    )
    const edits = fc.record(
      {
        maxOutputTokens: fc.nat(),
        includeUsage: fc.constant(true),
        noStore: fc.constant(true),
        promptCacheKey: fc.string(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(body, edits, fc.constantFrom('', '  ', '\t'), (before, wanted, space) => {
        const raw = JSON.stringify(before, null, space)
        const expected = {
          ...before,
          ...(wanted.maxOutputTokens !== undefined && { max_tokens: wanted.maxOutputTokens }),
          ...(wanted.includeUsage && { stream_options: { ...before.stream_options, include_usage: true } }),
          ...(wanted.noStore && { store: false }),
          ...(wanted.promptCacheKey !== undefined && { prompt_cache_key: wanted.promptCacheKey }),
        }
        assert.deepEqual(JSON.parse(rewrite(chat, raw, wanted)), JSON.parse(JSON.stringify(expected)))
      }),
      { seed: 16, numRuns: 3000 },
    )
  })
})
