import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { responseShapes } from '../../../src/dialects/index.ts'
import type { Redaction } from '../../../src/dialects/wire/redact.ts'
import { redactedJson } from '../../../src/dialects/wire/redact-json.ts'
import { cut, cutAt } from '../streams.ts'

const redaction: Redaction = { secrets: text => text, isCallers: word => word === 'org-chart-lookup' }

function through(chunks: Buffer[], all = false): string {
  const json = redactedJson(redaction, responseShapes, all)
  const out = chunks.map(json.push)
  return Buffer.concat([...out, json.end() ?? Buffer.alloc(0)]).toString()
}

const NAME = 'org-AbCdEfGhIjKl123'
const MASK = 'x'.repeat(NAME.length)
const text = (value: unknown) => JSON.stringify(value)

const errors: Record<string, string> = {
  'an error': text({ error: { message: `limit for ${NAME}` } }),
  'an error after other members': text({ id: 'gen-1', provider: 'X', error: { a: [{ b: `"\n${NAME}` }] } }),
  'a text': text({ error: `limit for ${NAME}` }),
  'a list of errors': text({ errors: [NAME, { message: NAME }] }),
  'a message': text({ message: NAME, code: 429 }),
  'a member with an unknown name': text({ success: false, result: { text: NAME } }),
  'an error type': text({ type: 'error', note: NAME }),
  'an error type at the end': text({ message: NAME, type: 'error' }),
  'an error object': text({ object: 'error', note: NAME }),
  'an exception': text({ throttlingException: { text: NAME } }),
  'no choices': text({ choices: [], note: NAME }),
  'an error in a response': text({
    type: 'response.failed',
    response: { object: 'response', error: { message: NAME } },
  }),
  'an error in a choice': text({ object: 'chat.completion', choices: [{ index: 0, error: { x: NAME } }] }),
  'an error beside output': text({ choices: [{ message: { content: 'a' } }], error: { message: NAME } }),
  'a warning beside output': text({ content: [{ text: 'a' }], warnings: [{ message: NAME }] }),
  'an escaped member name': `{"usage":{"a":1},"err\\u006fr":"${NAME}"}`,
  'spaces and lines': JSON.stringify({ id: 'x', error: { message: NAME } }, null, 2),
  'several data lines': `data: {"id":"x",\ndata: "error":\ndata: {"message":"${NAME}"}}\n\n`,
  'a request id with a space': text({ error: 'request id: 2025AbCdEf123' }),
  'a list': text([{ error: NAME }]),
  'plain text': `limit for ${NAME}`,
  'text after an object': `{"choices":[{"a":1}]} ${NAME}`,
}

const output: Record<string, string> = {
  'a completion': text({
    id: NAME,
    object: 'chat.completion',
    citations: [NAME],
    choices: [{ index: 0, message: { content: `"error": {${NAME}` }, finish_reason: 'stop' }],
    error: null,
  }),
  'a completion that begins with its usage': text({ id: 'x', usage: { a: 1 }, citations: [NAME] }),
  'a message': text({ model: NAME, type: 'message', content: [{ type: 'text', text: NAME, error: NAME }] }),
  'a response': text({
    id: 'x',
    object: 'response',
    instructions: NAME,
    output: [{ type: 'mcp_call', error: { message: NAME } }],
  }),
  'an event of output': `event: x\ndata: ${text({ type: 'response.output_item.done', item: { error: NAME } })}\n\n`,
  embeddings: text({ object: 'list', data: [{ embedding: NAME }], model: 'm' }),
  "the caller's own word": text({ error: { message: 'unknown tool org-chart-lookup' } }),
}

describe('JSON that is too long to be buffered', () => {
  for (const [what, json] of Object.entries(errors)) {
    it(`has no names in errors, for any chunks (${what})`, () => {
      const expected = json.replaceAll(NAME, MASK).replace('request id: 2025AbCdEf123', 'x'.repeat(25))
      const bytes = Buffer.from(json)
      for (let at = 0; at <= bytes.length; at++)
        assert.equal(through([bytes.subarray(0, at), bytes.subarray(at)]), expected)
      for (const size of [1, 2, 3, 7]) assert.equal(through(cut(bytes, size)), expected)
    })
  }

  for (const [what, json] of Object.entries(output)) {
    it(`keeps its output byte for byte (${what})`, () => {
      for (const size of [1, 5, 65_536]) assert.equal(through(cut(Buffer.from(json), size)), json)
    })
  }

  it('has no names at all if it is an error', () => {
    assert.equal(through([Buffer.from(text({ content: [NAME] }))], true), text({ content: [MASK] }))
  })

  it('keeps its length if characters are escaped', () => {
    const json = '{"error":"\\u006frg-AbCdEfGhIjKl123 a\\/b \\u00e9"}'
    assert.equal(through([Buffer.from(json)]), `{"error":"${'x'.repeat(24)} a\\/b \\u00e9"}`)
  })

  it('is redacted in parts if a word is very long', () => {
    const json = text({ error: `${'a'.repeat(10_000)} ${NAME}` })
    assert.equal(through(cut(Buffer.from(json), 100)), json.replace(NAME, MASK))
  })

  it('passes output at once', () => {
    const json = redactedJson(redaction, responseShapes)
    const bytes = Buffer.from('{"choices":[{"message":{"content":"org-AbCdEf')
    assert.equal(String(json.push(bytes)), String(bytes))
  })

  it('has the same length for any input', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      '"error"',
      '"choices"',
      NAME,
      ' ',
      'é',
    )
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat()), (pieces, places) => {
        const bytes = Buffer.from(pieces.join(''))
        assert.equal(Buffer.byteLength(through(cutAt(bytes, places))), bytes.length)
      }),
      { seed: 8, numRuns: 2000 },
    )
  })
})
