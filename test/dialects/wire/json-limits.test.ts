import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refuseEscapes, scanWithinLimits } from '../../../src/dialects/wire/json-limits.ts'
import { isRefusal } from '../../../src/errors.ts'

const list = (of: string, times: number) => `[${Array(times).fill(of).join(',')}]`
const body = (value: string) => `{"model":"m","messages":${value}}`

const beyond: [title: string, body: string, says: RegExp][] = [
  ['lists in lists', body('['.repeat(513)), /nested more than 512 levels/],
  ['objects in objects', body('{"a":'.repeat(513)), /nested more than 512 levels/],
  ['a million keys in one object', body(`{${'"k":1,'.repeat(1e6)}`), /an object of more than 10,000 keys/],
  [
    'a million keys beside the others',
    `{"model":"m",${'"k":1,'.repeat(1e6)}`,
    /an object of more than 10,000 keys/,
  ],
  ['a million keys in many objects', body(list('{"a":1,"b":2,"c":3}', 333_333)), /more than 100,000 keys/],
  [
    'too many numeric keys',
    body(list(`{${Array.from({ length: 900 }, (_, i) => `"${i}":1`).join(',')}}`, 12)),
    /more than 10,000 keys that begin with a digit or an escape/,
  ],
  [
    'too many keys that begin with an escape',
    body(list('{"\\u0031":1}', 10_001)),
    /10,000 keys that begin with a digit or an escape/,
  ],
  ['a million objects', body(list('{}', 1e6)), /more than 100,000 keys, lists, objects and strings/],
  ['a million lists', body(list('[]', 1e6)), /more than 100,000 keys, lists, objects and strings/],
  ['a million numbers', body(list('1', 1e6)), /more than 500,000 values/],
  ['a million strings', body(list('""', 1e6)), /more than 100,000 keys, lists, objects and strings/],
  ['a number of 5 million digits', body('1'.repeat(5e6)), /more than 4,000,000 bytes outside strings/],
  [
    'a fraction of 5 million digits',
    body(`0.${'1'.repeat(5e6)}`),
    /more than 4,000,000 bytes outside strings/,
  ],
  ['5 million spaces', `${' '.repeat(5e6)}{}`, /more than 4,000,000 bytes outside strings/],
  [
    '5 million newlines between strings',
    body(list('"a"\n', 50_000).replaceAll('\n', '\n'.repeat(100))),
    /bytes outside/,
  ],
  ['5 MB that are not JSON', 'x'.repeat(5e6), /more than 4,000,000 bytes outside strings/],
]

describe('a body beyond a limit', () => {
  for (const [title, text, says] of beyond) {
    it(`is refused, and the message names the limit: ${title}`, () => {
      const error = refusedBy(text)
      assert.equal(error?.code, 'invalid_request')
      assert.match(error?.message ?? '', says)
    })
  }
})

describe('a body within the limits', () => {
  const finderOf: [title: string, body: string][] = [
    ['ordinary nesting', body(`${'['.repeat(500)}1${']'.repeat(500)}`)],
    ['many messages', body(list('{"role":"user","content":"hi"}', 19_000))],
    ['many keys in each of some objects', body(list(`{${'"k":1,'.repeat(9_999)}"k":1}`, 9))],
    [
      'a logit bias for 9,000 tokens',
      `{"model":"m","logit_bias":{${Array.from({ length: 9_000 }, (_, i) => `"${i}":-100`).join(',')}}}`,
    ],
    ['tokens on one line each', `{"model":"m","input":${list('\n    100000', 300_000)}}`],
    ['long texts', body(list(`"${'a'.repeat(1e6)}"`, 30))],
    ['as many tokens as a provider takes', `{"model":"m","input":${list('100000', 300_000)}}`],
    ['brackets and colons in a text', body(JSON.stringify('[{":",\\"'.repeat(200_000)))],
    ['a text without end', '{"model":"m","messages":"'],
    ['a quote at the end', '"'],
    ['no JSON', '}}]]::,,"\\'],
  ]
  for (const [title, text] of finderOf) {
    it(`passes: ${title}`, () => assert.equal(refusedBy(text), undefined))
  }
})

describe('the backslashes in a body', () => {
  const inTwo = (raw: Buffer) => {
    const half = raw.length / 2
    return refuseEscapes(raw.subarray(half), refuseEscapes(raw.subarray(0, half), 0))
  }

  it('are refused if all slices together have more than 3 million', () => {
    for (const spelt of ['\\\\', '\\n', '\\u00e9']) {
      const error = refusedBy(spelt.repeat(3_100_000), inTwo)
      assert.match(error?.message ?? '', /more than 3,000,000 backslashes/)
    }
  })

  it('are within the limit in 16 MB of text with every character escaped', () => {
    assert.equal(refusedBy('\\u6f22'.repeat(2_700_000), inTwo), undefined)
  })

  it('are counted one by one', () => {
    const text = `${'a'.repeat(20_000)}\\"${'\\\\'.repeat(10_000)}${'b'.repeat(20_000)}\\n`
    assert.equal(refuseEscapes(Buffer.from(text), 5), 5 + text.split('\\').length - 1)
  })
})

function refusedBy(text: string, check: (raw: Buffer) => unknown = scanWithinLimits) {
  try {
    check(Buffer.from(text))
    return undefined
  } catch (error) {
    if (isRefusal(error)) return error
    throw error
  }
}
