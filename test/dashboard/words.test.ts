/** The dashboard explains every error code and outcome of the gateway. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusalCodes } from '../../src/errors.ts'
import { outcomes } from '../../src/ledger/call-record.ts'

interface Words {
  reasons: Record<string, { title: string; meaning: string; toDo: string }>
  outcomes: Record<string, unknown>
}
const words: Words = await import(String(new URL('../../src/dashboard/words.js', import.meta.url)))

test('the dashboard explains every error code, and no other', () => {
  assert.deepEqual(Object.keys(words.reasons).toSorted(), [...refusalCodes].toSorted())
  for (const [code, { title, meaning, toDo }] of Object.entries(words.reasons))
    assert.ok(title && meaning && toDo, code)
})

test('the dashboard explains every outcome, and no other', () => {
  assert.deepEqual(Object.keys(words.outcomes).toSorted(), [...outcomes].toSorted())
})
