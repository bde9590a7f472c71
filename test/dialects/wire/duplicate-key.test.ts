import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { findDuplicateKey } from '../../../src/dialects/wire/duplicate-key.ts'

describe('a key that an object has twice', () => {
  const cases: [text: string, path: string][] = [
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"budget":{"day":5},"name":"x","budget":{}}', 'budget'],
    ['{"limits":{"requests":{"per":"1h" , "per" :"1s"}}}', 'limits.requests.per'],
    ['{"clients":[{"name":"a"},{"name":"b","budget":{},"budget":{}}]}', 'clients.1.budget'],
    ['[[{}],[{"a":[1,2,{"b":1,"b":1}]}]]', '1.0.a.2.b'],
    ['{"a":{},"":1,"":2}', ''],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ]
  for (const [text, path] of cases)
    it(`is named with its path: ${text}`, () => assert.equal(findDuplicateKey(text), path))

  it('is not found in an object without one', () => {
    for (const text of [
      '{"a":{"a":{"a":"a"}},"b":["a","a"]}',
      '["a","a"]',
      '"a"',
      '5',
      '{"a":"b\\":\\"","b":1}',
      '{}',
    ])
      assert.equal(findDuplicateKey(text), undefined, text)
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, space) => {
        assert.equal(findDuplicateKey(JSON.stringify(value, null, space)), undefined)
      }),
      { seed: 35, numRuns: 1000 },
    )
  })
})
