import assert from 'node:assert/strict'
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { isGenuine, isKey, keyId, makeId, makeKey } from '../../src/clients/keys.ts'

const secret = randomBytes(32)

test('a new key has the documented shape', () => {
  const { id, key } = makeKey(secret)
  assert.match(key, /^tg_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}$/)
  assert.equal(key.slice(3, 11), id)
  assert.equal(keyId(key), id)
})

test('the last 6 of the 32 secret bytes are a keyed checksum of all bytes before them', () => {
  const { id, key } = makeKey(secret)
  const bytes = Buffer.from(key.slice(12), 'base64url')
  assert.equal(bytes.length, 32)
  const before = Buffer.concat([Buffer.from(`tg_${id}_`), bytes.subarray(0, 26)])
  const expected = createHmac('sha256', secret).update(before).digest().subarray(0, 6)
  assert.deepEqual(bytes.subarray(26), expected)
})

test('only the digest is stored, and only the same key matches it', () => {
  const { key, sha256 } = makeKey(secret)
  assert.deepEqual(sha256, createHash('sha256').update(key).digest())
  assert.ok(isKey(key, sha256))
  assert.ok(!isKey(makeKey(secret).key, sha256))
})

test('a key has a valid checksum only in the installation that made it', () => {
  const { key } = makeKey(secret)
  assert.ok(isGenuine(key, secret))
  assert.ok(!isGenuine(key, randomBytes(32)))
})

test('a key with one changed character has no valid checksum and no matching digest', () => {
  const { key, sha256 } = makeKey(secret)
  const characters = fc.constantFrom(...'ABCXYZabcxyz0189-_')
  fc.assert(
    fc.property(fc.integer({ min: 3, max: key.length - 1 }), characters, (at, other) => {
      const forged = key.slice(0, at) + other + key.slice(at + 1)
      if (forged === key) return
      // The last character carries two bits that decode to nothing: there only the digest differs.
      if (at < key.length - 1) assert.ok(!isGenuine(forged, secret), forged)
      assert.ok(!isKey(forged, sha256), forged)
    }),
    { seed: 2, numRuns: 500 },
  )
})

test('a text without the shape of a key has no id and no valid checksum', () => {
  const { key } = makeKey(secret)
  for (const wrong of [
    '',
    'tg_',
    'sk-ant-123',
    `${key}A`,
    ` ${key}`,
    `${key}\n`,
    key.slice(0, -1),
    key.toUpperCase(),
  ]) {
    assert.equal(keyId(wrong), undefined, wrong)
    assert.ok(!isGenuine(wrong, secret), wrong)
  }
})

test('ids contain only letters and digits, and do not repeat', () => {
  const ids = new Set(Array.from({ length: 2000 }, () => makeId(8)))
  assert.equal(ids.size, 2000)
  for (const id of ids) assert.match(id, /^[A-Za-z0-9]{8}$/)
})
