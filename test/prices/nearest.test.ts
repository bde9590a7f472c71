import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from '../../src/prices/nearest.ts'

const names = ['claude-haiku-4-5', 'claude-haiku-5-5', 'gpt-6-luna', 'gpt-6-sol', 'o3']

test('a name with a letter or two wrong, missing or too many is told for the one it is nearest to', () => {
  const meant = {
    'gpt-6-luna ': 'gpt-6-luna',
    'gpt-6-lunna': 'gpt-6-luna',
    'gpt6-luna': 'gpt-6-luna',
    'GPT-6-Luna': 'gpt-6-luna',
    'claude-haiku-4.5': 'claude-haiku-4-5',
    'claude-haiku-45': 'claude-haiku-4-5',
  }
  for (const [typed, name] of Object.entries(meant)) assert.equal(nearest(typed, names), name)
})

test('a name that is near to none is told for none, however long it is', () => {
  for (const typed of ['claude-none', 'gpt-6-astra-pro', '', 'x'.repeat(256)])
    assert.equal(nearest(typed, names.slice(0, 4)), undefined)
})
