import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchModel } from '../../src/clients/model-pattern.ts'
import { isAsWide, mappedModel, mappedName } from '../../src/upstreams/model-names.ts'

test('the exact name comes first, then the patterns in their order', () => {
  const models = { 'gpt-*': 'any-*', 'gpt-6-*': 'six-*', 'gpt-6-luna': 'luna' }

  assert.equal(mappedModel(models, 'gpt-6-luna'), 'luna')
  assert.equal(mappedModel(models, 'gpt-6-sol'), 'any-6-sol')
  assert.equal(mappedModel(models, 'claude-haiku-4-5'), undefined)
  assert.equal(mappedModel(undefined, 'gpt-6-sol'), 'gpt-6-sol')
})

test('each * of the upstream is the text that the * at its place matched', () => {
  assert.equal(mappedModel({ 'a-*-b-*': '*/x/*' }, 'a-1-b-2'), '1/x/2')
  assert.equal(mappedModel({ 'a-*-b-*': 'us.*' }, 'a-1-b-2'), 'us.1')
  assert.equal(mappedModel({ '*': 'openai/*' }, 'gpt-6-$&'), 'openai/gpt-6-$&')
  assert.equal(mappedModel({ 'claude-*': 'one' }, 'claude-'), 'one')
})

test('names of object members are not models', () => {
  for (const name of ['constructor', '__proto__', 'toString']) assert.equal(mappedModel({}, name), undefined)
})

const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '$', '.'), maxLength: 12 })

test('for any map and any name the result is text or nothing, and the same each time', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.oneof(text, fc.string()), fc.oneof(text, fc.string())),
      fc.oneof(text, fc.string()),
      (models, name) => {
        const result = mappedModel(models, name)

        assert.ok(result === undefined || typeof result === 'string')
        assert.equal(mappedModel({ ...models }, name), result)
      },
    ),
  )
})

test('a pattern matches what a regular expression matches, and its parts make up the name', () => {
  fc.assert(
    fc.property(text, text, (pattern, name) => {
      const parts = pattern.split('*')
      const same = new RegExp(`^${parts.map(RegExp.escape).join('.*')}$`).test(name)
      const matched = matchModel(pattern, name)

      assert.equal(matched !== undefined, same)
      if (matched) assert.equal(parts.map((part, i) => part + (matched[i] ?? '')).join(''), name)
    }),
  )
})

test('a pattern as wide as another one matches all names that the other one matches', () => {
  fc.assert(
    fc.property(text, text, text, (wide, narrow, name) => {
      fc.pre(isAsWide(wide, narrow) && matchModel(narrow, name) !== undefined)

      assert.notEqual(matchModel(wide, name), undefined)
    }),
    { numRuns: 50, maxSkipsPerRun: 2000 },
  )
})

test('an exact name of the map comes before a pattern, whichever name of the model it is', () => {
  const models = { 'claude-*': 'any-*', 'claude-haiku-4-5': 'haiku' }

  assert.equal(mappedName(models, ['claude-haiku-4-5-20251001', 'claude-haiku-4-5']), 'haiku')
  assert.equal(mappedName(models, ['claude-sonnet-4-5']), 'any-sonnet-4-5')
})
