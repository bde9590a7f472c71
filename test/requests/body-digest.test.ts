import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bodyDigest } from '../../src/requests/body-digest.ts'

const secret = Buffer.alloc(32, 'a')

describe('the digest of a body', () => {
  for (const size of [0, 100, 16_384, 1_000_000]) {
    it(`is the same for the same ${size} bytes, and another for any other bytes`, () => {
      const body = Buffer.alloc(size, 'some text')
      const changed = [Buffer.concat([body, Buffer.from([0])])]
      for (const at of size > 0 ? [0, size >> 1, size - 1] : []) {
        const other = Buffer.from(body)
        other[at]! ^= 1
        changed.push(other)
      }
      assert.equal(bodyDigest(Buffer.from(body), Buffer.from(secret)), bodyDigest(body, secret))
      const digests = new Set([body, ...changed].map(one => bodyDigest(one, secret)))
      assert.equal(digests.size, 1 + changed.length)
    })
  }

  it('of a large body depends on the secret, so that two equal digests cannot be computed', () => {
    const body = Buffer.alloc(100_000, 'some text')
    assert.notEqual(bodyDigest(body, secret), bodyDigest(body, Buffer.alloc(32, 'b')))
  })
})
