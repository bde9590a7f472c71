import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { baseUrlOf, joinPaths, pathOf, typeOf } from '../../src/upstreams/types.ts'

describe('the paths of a base URL and of a dialect', () => {
  const cases: [base: string, path: string, joined: string][] = [
    ['', '/v1/messages', '/v1/messages'],
    ['/', '/v1/messages', '/v1/messages'],
    ['/v1', '/v1/messages', '/v1/messages'],
    ['/v1/', '/v1/messages', '/v1/messages'],
    ['/v2', '/v1/messages', '/v2/messages'],
    ['/proxy', '/v1/messages', '/proxy/v1/messages'],
    ['/proxy/v1', '/v1/messages', '/proxy/v1/messages'],
    ['/openai/v1', '/v1/responses', '/openai/v1/responses'],
    ['/openai/v1/', '/openai/v1/responses', '/openai/v1/responses'],
    ['/openai', '/openai/v1/responses', '/openai/v1/responses'],
    ['/v1', '/openai/v1/chat/completions', '/v1/chat/completions'],
    ['/v1beta/openai', '/v1beta/openai/chat/completions', '/v1beta/openai/chat/completions'],
    ['/v1beta', '/v1beta/openai/chat/completions', '/v1beta/openai/chat/completions'],
    ['/v1', '/chat/completions', '/v1/chat/completions'],
    ['/api/v1', '/api/v1/messages', '/api/v1/messages'],
    ['/inference/v1', '/inference/v1/responses', '/inference/v1/responses'],
    ['/anthropic', '/anthropic/v1/messages', '/anthropic/v1/messages'],
    ['/v10', '/v1/messages', '/v10/messages'],
    ['/v1', '/chat/completions?a=/v1/b', '/v1/chat/completions?a=/v1/b'],
    ['/v1', '/v1/messages?a=/v1/b', '/v1/messages?a=/v1/b'],
    ['/x/v1/chat', '/v1/chat/completions', '/x/v1/chat/completions'],
  ]
  for (const [base, path, joined] of cases)
    it(`${base} and ${path} are ${joined}`, () => assert.equal(joinPaths(base, path), joined))
})

describe('a base URL', () => {
  it('has the region', () => {
    assert.equal(
      baseUrlOf(typeOf('bedrock'), { region: 'us-east-1' }),
      'https://bedrock-runtime.us-east-1.amazonaws.com',
    )
    assert.equal(
      baseUrlOf(typeOf('vertex'), { region: 'europe-west1', project: 'p' }),
      'https://europe-west1-aiplatform.googleapis.com',
    )
  })

  it('has another form for some regions', () => {
    const of = (region: string) => baseUrlOf(typeOf('vertex'), { region })
    assert.equal(of('global'), 'https://aiplatform.googleapis.com')
    assert.equal(of('eu'), 'https://aiplatform.eu.rep.googleapis.com')
    assert.equal(of('toString'), 'https://toString-aiplatform.googleapis.com')
  })

  it('is missing for some types, and needs an option for others', () => {
    assert.equal(baseUrlOf(typeOf('azure-openai'), {}), undefined)
    assert.equal(baseUrlOf(typeOf('groq'), {}), 'https://api.groq.com')
    assert.throws(() => baseUrlOf(typeOf('bedrock'), {}), /^Error: region is missing/)
  })
})

describe('the path of a call', () => {
  const vertex = typeOf('vertex')
  const call = { region: 'global', project: 'p', model: 'claude-haiku-4-5@20251001', stream: false }
  const models = '/v1/projects/p/locations/global/publishers/anthropic/models'

  it('has the model, and another method for a stream', () => {
    assert.equal(pathOf(vertex, 'anthropic-messages', call), `${models}/${call.model}:rawPredict`)
    assert.equal(
      pathOf(vertex, 'anthropic-messages', { ...call, stream: true }),
      `${models}/${call.model}:streamRawPredict`,
    )
    assert.equal(pathOf(vertex, 'anthropic-count-tokens', call), `${models}/count-tokens:rawPredict`)
  })

  it('has the model as one segment, whatever its name', () => {
    const path = pathOf(vertex, 'anthropic-messages', { ...call, model: '../a/b?c#d:e f%2f{project}' })
    assert.equal(path, `${models}/..%2Fa%2Fb%3Fc%23d%3Ae%20f%252f%7Bproject%7D:rawPredict`)
    assert.equal(new URL(`https://x${path}`).pathname, path)
  })

  it('has the query, without the parameters that the provider does not know', () => {
    const query = (type: 'openai' | 'vertex' | 'anthropic', dialect: string, text: string) =>
      pathOf(typeOf(type), dialect, { ...call, query: text })?.replace(/^[^?]*/, '')
    assert.equal(query('anthropic', 'anthropic-messages', '?beta=true&x=1'), '?beta=true&x=1')
    assert.equal(query('anthropic', 'anthropic-messages', 'beta=true'), '?beta=true')
    assert.equal(query('anthropic', 'anthropic-messages', '?'), '')
    assert.equal(query('vertex', 'anthropic-messages', '?beta=true&x=beta&y'), '?x=beta&y')
    assert.equal(query('vertex', 'anthropic-messages', 'beta'), '')
  })

  it('is undefined for a dialect that the type does not speak', () => {
    assert.equal(pathOf(typeOf('openai'), 'anthropic-messages', call), undefined)
  })

  it('needs its options', () => {
    assert.throws(
      () => pathOf(vertex, 'openai-chat', { model: 'm', stream: false, region: 'eu' }),
      /^Error: project is missing/,
    )
  })
})
