import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { veil, veiled } from '../../src/dialects/veil.ts'

const words = 'data: {"delta":{"text":"our org-Acme12345 has \\"error\\": { sk-plain1234 }"}}\n\n'
const errors = [
  [
    'Anthropic’s',
    'event: error\ndata: {"type":"error","error":{"message":"organization NAME is limited"}}\n\n',
  ],
  ['OpenAI’s', 'data: {"error": {"message":"in organization NAME"}}\n\n'],
  ['a loosely written one', 'data: {"error" :\t{"message":"in organization NAME"}}\n\n'],
  ['a failed response', 'event: response.failed\ndata: {"response":{"error":{"message":"NAME"}}}\n\n'],
] as const
const names = ['org-Acme123456', '5c0f9d1e-7a44-4be1-9d0f-0a1b2c3d4e5f', 'sk-abc12345']

/** What comes out of a stream that is cut at these places; the meter has read of an error once its frame is whole. */
function through(stream: string, cuts: number[], error = stream): string {
  let seen = ''
  const filter = veil(() => seen.includes(error))
  const chunks = [0, ...cuts].map((from, i) => stream.slice(from, cuts[i] ?? stream.length))
  const out = chunks.map(chunk => {
    seen += chunk
    return filter.push(Buffer.from(chunk)).toString()
  })
  return out.join('') + (filter.end()?.toString() ?? '')
}

describe('an error inside a stream', () => {
  for (const [whose, frame] of errors) {
    for (const name of names) {
      it(`(${whose}) loses ${name}, wherever it is cut, and keeps its length`, () => {
        const error = frame.replace('NAME', name)
        const stream = words + error
        const expected = words + frame.replace('NAME', 'x'.repeat(name.length))

        for (let cut = 1; cut < stream.length; cut++) assert.equal(through(stream, [cut], error), expected)
        assert.equal(through(stream, [words.length + 9, words.length + 20], error), expected)
      })
    }
  }

  it('is none where the meter reads of none: a tool’s own failure is an answer like any other', () => {
    const item = 'data: {"type":"mcp_call","error":{"message":"user_authentication(sk_learn_module)"}}\n\n'
    const stream = item + words

    for (let cut = 1; cut < stream.length; cut++)
      assert.equal(through(stream, [cut], 'no error at all'), stream)
  })
})

describe('an error that is the whole answer', () => {
  it('is as it was, but for the names', () => {
    const answer = (name: string) => Buffer.from(`{"status":"failed","error":\n {"message":"ä ${name}"}}`)

    assert.deepEqual(veiled(answer('org-Acme123456')), answer('xxxxxxxxxxxxxx'))
    const harmless = answer('nobody')
    assert.equal(veiled(harmless), harmless)
  })
})
