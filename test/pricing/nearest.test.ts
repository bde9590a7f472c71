import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { difference, nearest } from '../../src/pricing/nearest.ts'

const names = ['claude-haiku-4-5', 'claude-haiku-5-5', 'gpt-6-luna', 'gpt-6-sol', 'o3']

test('a name with one or two wrong, missing or extra letters suggests the nearest name', () => {
  const meant = {
    'gpt-6-luna ': 'gpt-6-luna',
    'gpt-6-lunna': 'gpt-6-luna',
    'gpt6-luna': 'gpt-6-luna',
    'gpt-6-lnua': 'gpt-6-luna',
    'GPT-6-Luna': 'gpt-6-luna',
    'claude-haiku-4.5': 'claude-haiku-4-5',
    'claude-haiku-45': 'claude-haiku-4-5',
    'anthropic/claude-haiku-4-5': 'claude-haiku-4-5',
    'claude-haiku-4-5[1m]': 'claude-haiku-4-5',
    'anthropic/claude-haiku-4-5[1m]': 'claude-haiku-4-5',
    'openrouter/anthropic/claude-haiku-4.5': 'claude-haiku-4-5',
    'openai/gpt-6-luna:free': 'gpt-6-luna',
    'azure/o3': 'o3',
    'us.anthropic.claude-haiku-4-5-v1:0': 'claude-haiku-4-5',
    'claude-haiku-4-5@20251001': 'claude-haiku-4-5',
    'anthropic/claude-4.5-haiku': 'claude-haiku-4-5',
    'models/gpt-6-sol': 'gpt-6-sol',
  }
  for (const [typed, name] of Object.entries(meant)) assert.equal(nearest(typed, names), name)
})

test('a short name suggests another only if fewer than half of its letters are wrong', () => {
  assert.equal(nearest('o33', names), 'o3')
  for (const typed of ['/', 'x', 'a3', 'openai/', '[1m]', 'a/b/c/d', '\0'])
    assert.equal(nearest(typed, names), undefined)
})

test('a name that is near to no other suggests none, whatever its length', () => {
  for (const typed of [
    'claude-none',
    'gpt-6-astra-pro',
    '',
    '/',
    'anthropic/',
    '[1m]',
    'x'.repeat(256),
    '/'.repeat(256),
    '['.repeat(256),
  ])
    assert.equal(nearest(typed, names.slice(0, 4)), undefined)
})

test('a bounded distance is exact up to its bound, and above it otherwise', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
  fc.assert(
    fc.property(word, word, fc.nat(3), (a, b, most) => {
      const [exact, bounded] = [difference(a, b), difference(a, b, most)]
      assert.ok(exact <= most ? bounded === exact : bounded > most)
    }),
  )
})
