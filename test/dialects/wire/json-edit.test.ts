import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { edited } from '../../../src/dialects/wire/json-edit.ts'

const key = fc.oneof(
  fc.constantFrom('store', 'max_tokens', 'stream_options'),
  fc.string({ unit: 'grapheme' }),
)
const body = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 })
const spaces = fc.constantFrom('', ' ', '\t', '    ')

describe('an edit of a body', () => {
  it('sets its members and leaves the meaning of all others', () => {
    const edits = fc.dictionary(fc.constantFrom('store', 'max_tokens', 'x'), fc.jsonValue({ maxDepth: 1 }))
    fc.assert(
      fc.property(body, spaces, edits, (object, space, wanted) => {
        const raw = Buffer.from(JSON.stringify(object, null, space))
        const after = edited(raw, editor => {
          for (const [name, value] of Object.entries(wanted)) editor.set(name, JSON.stringify(value))
        })
        const before = JSON.parse(raw.toString())
        assert.deepEqual(JSON.parse(after.toString()), JSON.parse(JSON.stringify({ ...before, ...wanted })))
      }),
      { seed: 12, numRuns: 2000 },
    )
  })

  it('changes only the bytes of the member', () => {
    fc.assert(
      fc.property(body, spaces, (object, space) => {
        const raw = Buffer.from(JSON.stringify({ ...object, 'the one': 'old' }, null, space))
        const inserted = edited(raw, editor => editor.set('new one', '12345'))
        assert.deepEqual(without(inserted, '"new one":12345,'), raw)
        const replaced = edited(raw, editor => editor.set('the one', '12345'))
        assert.equal(replaced.toString(), raw.toString().replace(/"the one":( ?)"old"/, '"the one":$112345'))
      }),
      { seed: 13, numRuns: 1000 },
    )
  })

  it('creates the object of a member if it is missing', () => {
    const set = (text: string) =>
      edited(Buffer.from(text), editor => editor.setIn('options', 'usage', 'true')).toString()
    assert.equal(set('{"a":1}'), '{"options":{"usage":true},"a":1}')
    assert.equal(set('{"a":1,"options":null}'), '{"a":1,"options":{"usage":true}}')
    assert.equal(set('{"options":{}}'), '{"options":{"usage":true}}')
    assert.equal(set('{"options": { "b": [1] } }'), '{"options": {"usage":true, "b": [1] } }')
    assert.equal(set('{"options":{"usage" : false ,"c":2}}'), '{"options":{"usage" : true ,"c":2}}')
  })

  it('removes members with their commas, and sets and renames others', () => {
    const names = ['a', 'b', 'c', 'd']
    const subsets = fc.subarray(names)
    fc.assert(
      fc.property(subsets, subsets, fc.subarray([...names, 'x']), spaces, (has, gone, added, space) => {
        const object = Object.fromEntries(has.map(name => [name, { [name]: [',', '"', '{'] }]))
        const raw = Buffer.from(JSON.stringify(object, null, space))
        const set = added.filter(name => !gone.includes(name))
        const after = edited(raw, editor => {
          for (const name of gone) editor.remove(name)
          for (const name of set) editor.set(name, '1')
        })
        const kept = Object.entries(object).filter(([name]) => !gone.includes(name))
        const expected = { ...Object.fromEntries(kept), ...Object.fromEntries(set.map(name => [name, 1])) }
        assert.deepEqual(JSON.parse(after.toString()), expected)
      }),
      { seed: 14, numRuns: 3000 },
    )
  })

  it('removes nothing else', () => {
    const remove = (text: string, ...names: string[]) =>
      edited(Buffer.from(text), editor => {
        for (const name of names) editor.remove(name)
      }).toString()
    assert.equal(remove('{"a":1,"b":2,"c":3}', 'a'), '{"b":2,"c":3}')
    assert.equal(remove('{"a":1,"b":2,"c":3}', 'b'), '{"a":1,"c":3}')
    assert.equal(remove('{"a":1,"b":2,"c":3}', 'c'), '{"a":1,"b":2}')
    assert.equal(remove('{"a":1,"b":2,"c":3}', 'a', 'b'), '{"c":3}')
    assert.equal(remove('{"a":1,"b":2,"c":3}', 'b', 'c'), '{"a":1}')
    assert.equal(remove('{"a":1,"b":2,"c":3}', 'a', 'c'), '{"b":2}')
    assert.equal(remove('{"a":1,"b":2}', 'a', 'b'), '{}')
    assert.equal(remove('{"a":1}', 'a'), '{}')
    assert.equal(remove('{ "a" : "," , "b" : 2 }', 'a'), '{ "b" : 2 }')
    assert.equal(remove('{ "a" : "," , "b" : 2 }', 'b'), '{ "a" : ","  }')
    assert.equal(remove('{"a":{"b":1},"c":2}', 'b'), '{"a":{"b":1},"c":2}')
    assert.equal(remove('{"\\u0061":1,"b":2}', 'a'), '{"b":2}')
  })

  it('gives a member another name', () => {
    const rename = (text: string) =>
      edited(Buffer.from(text), editor => editor.rename('old', 'new')).toString()
    assert.equal(rename('{"a":"old","old" : 1 ,"b":2}'), '{"a":"old","new" : 1 ,"b":2}')
    assert.equal(rename('{ "\\u006fld":1}'), '{ "new":1}')
    assert.equal(rename('{"old":1,"new":2}'), '{"new":2}')
    assert.equal(rename('{"old":1,"new": null}'), '{"new":1}')
    assert.equal(rename('{"new":null, "old":1}'), '{ "new":1}')
    assert.equal(rename('{"a":1,"new":null,"old":2,"b":3}'), '{"a":1,"new":2,"b":3}')
    assert.equal(rename('{"b":{"old":1}}'), '{"b":{"old":1}}')
  })

  it('returns the same buffer without changes', () => {
    const raw = Buffer.from('{"store":false,"options":{"usage":true}}')
    assert.equal(
      edited(raw, () => {}),
      raw,
    )
    const same = edited(raw, editor => {
      editor.set('store', 'false')
      editor.setIn('options', 'usage', 'true')
    })
    assert.equal(same, raw)
  })
})

function without(bytes: Buffer, text: string): Buffer {
  const at = bytes.indexOf(text)
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + text.length)])
}
