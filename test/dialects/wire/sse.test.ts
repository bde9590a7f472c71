import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventName } from '../../../src/dialects/wire/sse.ts'

describe('the name of an event', () => {
  for (const [what, end] of [
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ] as const) {
    test(`is found after other lines that end with ${what}`, () => {
      const frame = `: hello${end}id: 1${end}event: error${end}data: {}${end}${end}`
      assert.equal(eventName(Buffer.from(frame)), 'error')
    })

    test(`takes time that is linear in the number of lines that end with ${what}`, () => {
      const frame = Buffer.from(`:${end}`.repeat(1_000_000))
      const before = performance.now()
      assert.equal(eventName(frame), '')
      assert.ok(performance.now() - before < 3000)
    })
  }

  test('is found after lines of all kinds', () => {
    assert.equal(eventName(Buffer.from(':\r:\n:\r\n:\revent:a b \rdata: {}')), 'a b')
  })
})
