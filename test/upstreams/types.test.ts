import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dialects } from '../../src/dialects/index.ts'
import {
  baseUrlOf,
  editsOf,
  makersOf,
  modelNameOf,
  pathOf,
  requestHeadersOf,
  type TypeName,
  typeOf,
  upstreamTypes,
} from '../../src/upstreams/types.ts'

const place = { region: 'eu-west-1', project: 'a-project' }
const named: readonly [string, string][] = Object.values(upstreamTypes).map(({ title, source }) => [
  title,
  source,
])
const names = [
  ...['ezai', 'anthropic', 'openai', 'azure-openai', 'bedrock', 'vertex', 'gemini', 'openrouter', 'deepseek'],
  ...['mistral', 'groq', 'xai', 'together', 'fireworks', 'ollama', 'vllm'],
  ...['openai-compatible', 'anthropic-compatible'],
]

describe('the table of types', () => {
  it('has a row for each type of the specification, with its source', () => {
    assert.deepEqual(Object.keys(upstreamTypes).toSorted(), names.toSorted())
    for (const [title, source] of named) assert.match(source, /^https:\/\//, title)
  })

  it('names known dialects, and each has an address without a placeholder', () => {
    const known = new Set(dialects.map(({ name }) => name))
    for (const row of rows()) {
      const base = baseUrlOf(row, place)
      if (base !== undefined) assert.ok(URL.canParse(base) && !base.includes('{'), base)
      const dialectsOf = Object.keys(row.paths)
      assert.ok(dialectsOf.length > 0, row.title)
      const others = [row.streamPaths, row.names, row.edits, row.makersByDialect]
      for (const other of others)
        for (const name of Object.keys(other ?? {})) assert.ok(name in row.paths, `${row.title}: ${name}`)
      for (const name of dialectsOf) {
        assert.ok(known.has(name), name)
        for (const stream of [true, false])
          assert.match(pathOf(row, name, { ...place, model: 'm', stream }) ?? '', /^\/[\w./:-]+$/)
      }
    }
  })

  it('has the edits of a row’s quirks, and the model', () => {
    assert.deepEqual(editsOf(typeOf('openai'), 'openai-chat'), {})
    assert.deepEqual(editsOf(typeOf('mistral'), 'openai-chat', 'theirs'), {
      outputLimit: 'max_tokens',
      onlyOutputLimit: true,
      refusesStreamOptions: true,
      model: 'theirs',
    })
    assert.deepEqual(editsOf(typeOf('vertex'), 'anthropic-messages', 'x'), {
      modelInPath: true,
      versionInBody: 'vertex-2023-10-16',
      model: 'x',
    })
  })

  it('says which headers a provider gets', () => {
    const messages = dialects.find(({ name }) => name === 'anthropic-messages') ?? assert.fail()
    assert.deepEqual(requestHeadersOf(typeOf('vertex'), messages), ['anthropic-beta'])
    assert.equal(requestHeadersOf(typeOf('anthropic'), messages), messages.requestHeaders)
  })

  it('says which makers a dialect serves', () => {
    const makers = (type: TypeName, dialect: string) => makersOf(typeOf(type), dialect)
    assert.deepEqual(makers('vertex', 'openai-chat'), ['google'])
    assert.deepEqual(makers('vertex', 'anthropic-messages'), ['anthropic'])
    assert.deepEqual(makers('xai', 'openai-chat'), ['xai'])
    assert.equal(makers('vllm', 'openai-chat'), undefined)
  })

  it('makes the names that Vertex AI expects', () => {
    const name = (dialect: string, model: string) => modelNameOf(typeOf('vertex'), dialect, model)
    assert.equal(name('anthropic-messages', 'claude-haiku-4-5-20251001'), 'claude-haiku-4-5@20251001')
    assert.equal(name('anthropic-messages', 'claude-haiku-4-5@20251001'), 'claude-haiku-4-5@20251001')
    assert.equal(name('openai-chat', 'gemini-2.5-flash'), 'google/gemini-2.5-flash')
    assert.equal(name('openai-chat', 'google/gemini-2.5-flash'), 'google/gemini-2.5-flash')
    assert.equal(modelNameOf(typeOf('openai'), 'openai-chat', 'gpt-6-luna'), 'gpt-6-luna')
  })
})

function rows() {
  return names.map(name => typeOf(nameIn(name)))
}

function nameIn(text: string): TypeName {
  const isName = (name: string): name is TypeName => Object.hasOwn(upstreamTypes, name)
  assert.ok(isName(text), text)
  return text
}
