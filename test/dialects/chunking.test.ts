import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { finish, start, textDelta } from './anthropic/streams.ts'
import { chunk, cutAt, delta, done, event, measure, measureChunks, type Path } from './streams.ts'

const words = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '\n', '\r', 'é', '漢', '😀', '{', ':', '\u0000'),
})
const count = fc.nat(1_000_000)
const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const noise = fc.constantFrom(
  '',
  ': hb\n',
  ': hello\n\n',
  '\n',
  'event: ping\ndata: {"type":"ping"}\n\n',
  'id: 5\n\n',
)

/** A stream of some API, with any text and any usage in it. */
const streams: [path: Path, bytes: fc.Arbitrary<string>][] = [
  [
    '/v1/messages',
    fc.tuple(fc.array(fc.tuple(words, noise)), count, count).map(([texts, input, output]) => {
      const deltas = texts.map(([text, comment]) => textDelta(text) + comment).join('')
      return start({ input_tokens: input, output_tokens: 1 }) + deltas + finish({ output_tokens: output })
    }),
  ],
  [
    '/v1/chat/completions',
    fc.tuple(fc.array(words), count, count).map(([texts, prompt_tokens, completion_tokens]) => {
      const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
      return texts.map(delta).join(': hb\n') + chunk({ choices: [], usage }) + done
    }),
  ],
  [
    '/v1/responses',
    fc.tuple(fc.array(words), count, count).map(([texts, input_tokens, output_tokens]) => {
      const deltas = texts.map(text => event('response.output_text.delta', { delta: text })).join('')
      const usage = { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens }
      return deltas + event('response.completed', { response: { model: 'm', output: [], usage } })
    }),
  ],
]

describe('the result of a meter', () => {
  for (const [path, bytes] of streams) {
    it(`does not depend on the chunks: ${path}`, () => {
      fc.assert(
        fc.property(bytes, fc.array(fc.nat()), lineEnd, (text, places, end) => {
          const raw = Buffer.from(text.replaceAll('\n', end))
          assert.deepEqual(measureChunks(path, cutAt(raw, places)), measure(path, text))
        }),
        { seed: 17, numRuns: 1000 },
      )
    })

    it(`exists for any invalid bytes, without an error: ${path}`, () => {
      const pieces = fc.array(
        fc.oneof(
          fc.uint8Array(),
          bytes.map(text => Buffer.from(text.slice(0, 300))),
          noise.map(text => Buffer.from(text)),
        ),
      )
      fc.assert(
        fc.property(pieces, fc.boolean(), (chunks, stream) => {
          const { usage, visibleBytes } = measureChunks(
            path,
            chunks.map(one => Buffer.from(one)),
            stream,
          )
          assert.ok(visibleBytes >= 0)
          for (const one of usage ?? []) assert.ok(Number.isSafeInteger(one.input) && one.input >= 0)
        }),
        { seed: 18, numRuns: 1000 },
      )
    })
  }
})
