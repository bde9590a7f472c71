import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { scanObject } from '../../../src/dialects/wire/json-scan.ts'

const scan = (text: string) => scanObject(Buffer.from(text))
const names = (text: string) => scan(text).members.map(({ name }) => name)

describe('the members of an object in its bytes', () => {
  it('are the parsed members, each with the offsets of its value', () => {
    const objects = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { minKeys: 1 })
    fc.assert(
      fc.property(objects, fc.constantFrom(0, 1, '\t', ' \n'), (object, space) => {
        const raw = Buffer.from(JSON.stringify(object, null, space === ' \n' ? ' \r\n' : space))
        const found = scanObject(raw).members.map(({ name, start, end }) => {
          return [name, JSON.parse(raw.toString('utf8', start, end))]
        })
        assert.deepEqual(found, Object.entries(JSON.parse(raw.toString())))
      }),
      { seed: 11, numRuns: 2000 },
    )
  })

  it('include repeated members in any spelling', () => {
    assert.deepEqual(names('{"model":1,"m\\u006fdel":2,"model" : 3}'), ['model', 'model', 'model'])
  })

  it('are not confused by quotes and brackets inside strings', () => {
    assert.deepEqual(names('{"a":"\\"}],{\\\\","b\\\\":["{\\"x\\":",":"],"c":{}}'), ['a', 'b\\', 'c'])
  })

  it('have the number of names inside them', () => {
    const [plain, nested] = scan('{"a":["b",{"c":1,"d":[{"e":":"}]}],"f":{"g":1,"g":2}}').members
    assert.equal(plain?.names, 3)
    assert.equal(nested?.names, 2)
  })

  it('are the whole members if the object is cut off', () => {
    const text = '{"id":"x","model":"m","list":[1,{"a":"b"}],"text":"cut off'
    for (let end = 0; end < text.length; end++) assert.doesNotThrow(() => scan(text.slice(0, end)))
    assert.deepEqual(names(text), ['id', 'model', 'list'])
  })
})
