import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { chunk, cut, cutAt, delta, dialect, done } from '../streams.ts'

const usage = { prompt_tokens: 20, completion_tokens: 9, total_tokens: 29 }
const usageFrame = chunk({ choices: [], service_tier: 'default', usage, obfuscation: 'x' })
const text =
  delta('Hello') +
  delta(' “wörld”, "usage":{') +
  chunk({ choices: [{ index: 0, finish_reason: 'stop' }], usage: null })

const filtered = (chunks: Uint8Array[]) => {
  const filter = dialect('/v1/chat/completions').hideUsageFrame?.() ?? assert.fail()
  const out = [...chunks.map(one => filter.push(one)), filter.end()]
  return Buffer.concat(out.filter(one => one !== undefined)).toString()
}
const pass = (bytes: string, size = 65_536) => filtered(cut(Buffer.from(bytes), size))

describe('the usage frame that the client did not ask for', () => {
  it('is removed for any chunks, and nothing else is', () => {
    const raw = Buffer.from(text + usageFrame + done)
    for (let at = 0; at <= raw.length; at++)
      assert.equal(filtered([raw.subarray(0, at), raw.subarray(at)]), text + done)
    assert.equal(pass(text + usageFrame + done, 1), text + done)
  })

  it('is removed in any spelling', () => {
    const spaced = usageFrame.replaceAll('":', '" : ')
    const crlf = usageFrame.replaceAll('\n', '\r\n')
    for (const frame of [spaced, crlf]) assert.equal(pass(text + frame + done), text + done)
  })

  it('is removed without choices too', () => {
    const { choices: _, ...bare } = { choices: [], usage, service_tier: 'default' }
    for (const frame of [chunk(bare), chunk({ ...bare, choices: null })])
      for (const size of [1, 65_536]) assert.equal(pass(text + frame + done, size), text + done)
  })

  it('is removed with empty choices too', () => {
    const empty = { index: 0, delta: {}, logprobs: null, finish_reason: null }
    for (const choices of [
      {},
      '',
      [{}],
      [null],
      [[]],
      [empty],
      [{ ...empty, delta: { content: '' } }],
      [empty, {}],
    ])
      for (const size of [1, 65_536])
        assert.equal(pass(text + chunk({ choices, usage }) + done, size), text + done)
  })

  it('is removed with any member after its usage, and with an escaped name', () => {
    const frames = [
      chunk({ choices: [], usage, x: { usage: null } }),
      chunk({ choices: [], x: { usage: null }, usage }),
      chunk({ choices: [], usage, note: 'the "usage":null' }),
      usageFrame.replace('"usage"', '"us\\u0061ge"'),
      usageFrame.replace('"usage"', '"\\u0075\\u0073\\u0061\\u0067\\u0065"'),
      usageFrame.replace('"obfuscation"', '"usage":null,"obfuscation"'),
      usageFrame.replace('"usage":{', '"usage":\n data: {').replace('\n data', '\ndata'),
    ]
    for (const frame of frames)
      for (const size of [1, 65_536]) assert.equal(pass(text + frame + done, size), text + done)
  })

  it('is removed at the end of a stream too', () => {
    assert.equal(pass(text + usageFrame), text)
    assert.equal(pass(text + usageFrame.trimEnd(), 10), text)
  })

  it('does not match other frames', () => {
    const others = [
      chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage }),
      chunk({ choices: [], usage: null, prompt_filter_results: [] }),
      chunk({ choices: [], error: { code: 400 }, usage }),
      chunk({ choices: [], moderation: { flagged: false }, usage }),
      chunk({ choices: null, error: { code: 400 }, usage }),
      chunk({ choices: [{ index: 0, delta: { content: ' ' } }], usage }),
      chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }], usage }),
      chunk({ choices: [{ index: 0, delta: { tool_calls: [{ index: 1, id: 'a' }] } }], usage }),
      chunk({ choices: [], usage: null, x: { usage } }),
      delta('\\u0061').replaceAll('\\\\', '\\'),
      chunk({ usage: null }),
      `data: {"error":{"message":"x"}}\n\n`,
      ': "usage":{"a":1}\n\n',
      'data: {"choices":[],"usage":{\n\n',
      'data: "usage":{}\n\n',
      'no stream at all, "usage":{',
    ]
    for (const frame of others) {
      assert.equal(pass(text + frame + done), text + frame + done)
      assert.equal(pass(frame, 1), frame)
    }
  })

  it('holds back no frame that is too long', () => {
    const filter = dialect('/v1/chat/completions').hideUsageFrame?.() ?? assert.fail()
    const long = Buffer.from(`data: {"choices":[{"delta":{"content":"${'x'.repeat(100_000)}`)
    assert.equal(filter.push(long.subarray(0, 1000)), undefined)
    assert.deepEqual(filter.push(long.subarray(1000)), long)
    assert.equal(String(filter.push(Buffer.from('"usage":{}'))), '"usage":{}')
    const end = Buffer.from(`"}}]}\n\n${usageFrame}${done}`)
    assert.equal(String(filter.push(end)), `"}}]}\n\n${done}`)
    assert.equal(filter.end(), undefined)
  })

  it('passes a chunk of whole frames unchanged', () => {
    const filter = dialect('/v1/chat/completions').hideUsageFrame?.() ?? assert.fail()
    const frame = Buffer.from(delta('Hello'))
    assert.deepEqual(filter.push(frame), frame)
  })

  it('changes no byte of other frames, for any chunks', () => {
    const piece = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '\n', '\r', '"usage"', '{', ':', 'data:', 'é') }),
      fc.string().map(delta),
    )
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat()), (pieces, places) => {
        const raw = Buffer.from(pieces.join(''))
        assert.equal(filtered(cutAt(raw, places)), raw.toString())
      }),
      { seed: 19, numRuns: 2000 },
    )
  })
})
