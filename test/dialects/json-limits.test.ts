import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refuseBeyondLimits } from '../../src/dialects/json-limits.ts'
import { isRefusal } from '../../src/errors.ts'

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
  ['a million objects', body(list('{}', 1e6)), /more than 100,000 keys, lists and objects/],
  ['a million lists', body(list('[]', 1e6)), /more than 100,000 keys, lists and objects/],
  ['a million numbers', body(list('1', 1e6)), /more than 500,000 values/],
  ['a million strings', body(list('""', 1e6)), /more than 500,000 values/],
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
  const within: [title: string, body: string][] = [
    ['ordinary nesting', body(`${'['.repeat(500)}1${']'.repeat(500)}`)],
    ['many messages', body(list('{"role":"user","content":"hi"}', 30_000))],
    ['many keys in each of some objects', body(list(`{${'"k":1,'.repeat(9_999)}"k":1}`, 9))],
    ['as many tokens as a provider takes', `{"model":"m","input":${list('100000', 300_000)}}`],
    ['brackets and colons in a text', body(JSON.stringify('[{":",\\"'.repeat(200_000)))],
    ['a text without end', '{"model":"m","messages":"'],
    ['a quote at the end', '"'],
    ['no JSON', '}}]]::,,"\\'],
  ]
  for (const [title, text] of within) {
    it(`passes: ${title}`, () => assert.equal(refusedBy(text), undefined))
  }
})

function refusedBy(text: string) {
  try {
    refuseBeyondLimits(Buffer.from(text))
    return undefined
  } catch (error) {
    if (isRefusal(error)) return error
    throw error
  }
}
