import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRedactor } from '../../../src/config/redactor.ts'
import { responseShapes } from '../../../src/dialects/index.ts'
import { errorFrames, redactedResponse } from '../../../src/dialects/wire/error-frames.ts'
import type { Redaction } from '../../../src/dialects/wire/redact.ts'

const SECRET = 'b9c1d2e3f4a5968778695a4b'
const redactor = createRedactor([SECRET])
const calling = (request = ''): Redaction => ({
  secrets: redactor.text,
  isCallers: word => request.includes(word),
})

const ERROR =
  'Rate limit reached for org-AbCdEfGhIjKl123 with key sk-proj-abc123DEF456 of ' +
  `5c0f9d1e-7a44-4be1-9d0f-0a1b2c3d4e5f, Bearer ${SECRET}`
const NAMES = /AbCdEf|abc123|5c0f9d1e|b9c1d2e3/

const content = [
  'data: {"id":"c","choices":[{"delta":{"content":"an error \\"error\\": { org-Beta99999 }"}}]}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"error org-Beta99999"}}\n\n',
  'data: {"type":"response.output_item.done","item":{"type":"mcp_call","error":{"message":"org-Beta99999"}}}\n\n',
  'data: {"type":"response.created","response":{"id":"org-Beta99999","error":null}}\n\n',
  ': a comment\n\n',
].join('')

const errors: [what: string, frame: string][] = [
  ['chat', `data: {"error":{"message":"${ERROR}","type":"tokens"}}\n\n`],
  ['spaces', `data: {"error" :\t{"message":"${ERROR}"}}\n\n`],
  ['a string', `data: {"error":"${ERROR}"}\n\n`],
  ['beside choices', `data: {"id":"x","choices":[],"note":"${ERROR}","error":{"code":500}}\n\n`],
  ['messages', `event: error\ndata: {"type":"error","error":{"message":"${ERROR}"}}\n\n`],
  ['without an event line', `data: {"error":{"message":"${ERROR}"},"type":"error"}\n\n`],
  ['responses', `event: error\ndata: {"type":"error","code":"x","message":"${ERROR}"}\n\n`],
  ['the type at its end', `data: {"message":"${ERROR}","code":"x","type":"error"}\n\n`],
  [
    'a failed response',
    `event: response.failed\ndata: {"type":"response.failed","response":{"error":{"message":"${ERROR}"}}}\n\n`,
  ],
  ['of a compatible server', `data: {"object":"error","message":"${ERROR}","code":400}\n\n`],
  ['a type of its own', `data: {"type":"RateLimitError","message":"${ERROR}"}\n\n`],
  ['inside a choice', `data: {"choices":[{"error":{"message":"${ERROR}"}}]}\n\n`],
  ['a message alone', `data: {"message":"${ERROR}"}\n\n`],
  ['a detail', `data: {"detail":"${ERROR}"}\n\n`],
  ['several', `data: {"errors":[{"message":"${ERROR}"}]}\n\n`],
  ['after an escaped line break', `data: {"error":{"message":"limit for\\norg-AbCdEfGhIjKl123"}}\n\n`],
  ['after other escapes', `data: {"error":{"message":"for\\rorg-AbCdEfGhIjKl123\\fsk-abc123DEF456"}}\n\n`],
  ['an exception', `data: {"type":"throttlingException","message":"${ERROR}"}\n\n`],
  ['an exception by its event', `event: exception\ndata: {"throttlingException":{"x":"${ERROR}"}}\n\n`],
  ['a message beside no choices', `data: {"choices":[],"message":"${ERROR}"}\n\n`],
  ['a detail beside no choices', `data: {"choices":null,"detail":"${ERROR}"}\n\n`],
  ['a response of no API', `data: {"success":false,"code":429,"reason":"${ERROR}"}\n\n`],
  ['an error message', `data: {"error_message":"${ERROR}"}\n\n`],
  [
    'an incomplete response',
    `data: {"type":"response.incomplete","response":{"incomplete_details":{"reason":"${ERROR}"}}}\n\n`,
  ],
  ['a comment in a frame', `: ${ERROR}\ndata: {"choices":[{"delta":{}}]}\n\n`],
  ['plain words', `data: ${ERROR}\n\n`],
  ['cut off', `data: {"message":"${ERROR}","type":"err`],
  ['without a blank line at the end', `data: {"error":{"message":"${ERROR}"}}`],
]

/** All that comes out of a stream that arrives in these chunks. */
function through(chunks: Iterable<Buffer>, redaction = calling()): string {
  const filter = errorFrames(redaction, redactor, responseShapes)
  const out = [...chunks].map(chunk => filter.push(chunk))
  return Buffer.concat([...out, filter.end()].flatMap(bytes => bytes ?? [])).toString()
}

function pieces(stream: string, size: number): Buffer[] {
  const bytes = Buffer.from(stream)
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  )
}

describe('an error inside a stream', () => {
  for (const [what, frame] of errors) {
    for (const [ending, line] of [
      ['LF', '\n'],
      ['CRLF', '\r\n'],
      ['CR', '\r'],
    ] as const) {
      it(`is redacted for any chunks, and nothing else is (${what}, ${ending})`, () => {
        const before = content.replaceAll('\n', line)
        const stream = before + frame.replaceAll('\n', line)
        const expected = through([Buffer.from(stream)])

        assert.ok(expected.startsWith(before))
        assert.doesNotMatch(expected, NAMES)
        assert.equal(expected.length, stream.length)
        for (let cut = before.length; cut < stream.length; cut++)
          assert.equal(through([Buffer.from(stream.slice(0, cut)), Buffer.from(stream.slice(cut))]), expected)
        for (const size of [1, 2, 3, 7, 100]) assert.equal(through(pieces(stream, size)), expected)
      })
    }
  }

  it('is redacted after the three writes of a bug report', () => {
    const writes = [
      'data: {"err',
      'or":{"message":"Rate limit reached for org-AbCdEfGhIjKl123 with key sk-proj-abc123DEF456","type":"tok',
      'ens"}}\n\n',
    ]
    assert.doesNotMatch(through(writes.map(text => Buffer.from(text))), NAMES)
  })

  it('is redacted as a whole if it is long', () => {
    for (const padding of [16_000, 60_000, 250_000, 1_000_000]) {
      const message = `${ERROR} ${'pad '.repeat(padding / 4)} ${ERROR}`
      for (const frame of [
        `data: {"error":{"message":"${message}"}}\n\n`,
        `event: error\ndata: {"type":"error","error":{"message":"${message}"}}\n\n`,
        `data: {"type":"error","message":"${message}"}\n\n`,
        `data: {"id":"gen-1","provider":"x","error":{"code":500,"message":"${message}"}}\n\n`,
        `data: {"response":{"id":"x","error":{"message":"${message}"}},"type":"response.failed"}\n\n`,
        `data: {"id":"c","choices":[{"error":{"message":"${message}"}}]}\n\n`,
        `data: ${message}\n\n`,
      ]) {
        const shown = through(pieces(content + frame + content, 16_384))
        assert.doesNotMatch(shown, NAMES)
        assert.ok(shown.startsWith(content) && shown.endsWith(content))
      }
    }
  })

  it('is redacted if its characters are escaped', () => {
    const frame = `data: {"error":{"message":"\\u0073k-proj-abc123DEF456 \\u0062${SECRET.slice(1)} a\\/b \\\\u0041"}}\n\n`
    assert.equal(
      through([Buffer.from(frame)]),
      `data: {"error":{"message":"${'x'.repeat(25)} ${'x'.repeat(29)} a\\/b \\\\u0041"}}\n\n`,
    )
  })

  it('keeps quotes of the request', () => {
    const frame = 'data: {"error":{"message":"tool org-chart-lookup of org-AbCdEfGhIjKl123"}}\n\n'
    assert.equal(
      through([Buffer.from(frame)], calling('org-chart-lookup')),
      frame.replace('org-AbCdEfGhIjKl123', 'x'.repeat(19)),
    )
  })
})

describe('other frames of a stream', () => {
  it('pass unchanged, without a wait for the next frame', () => {
    const filter = errorFrames(calling(), redactor, responseShapes)
    for (const frame of content.split(/(?<=\n\n)/)) {
      const bytes = Buffer.from(frame)
      assert.equal(filter.push(bytes), bytes)
    }
  })

  it('pass in parts if they are long', () => {
    const frame = `data: {"type":"response.completed","response":{"text":"${'org-Beta99999 '.repeat(100_000)}"}}\n\n`
    const filter = errorFrames(calling(), redactor, responseShapes)
    const out = pieces(frame, 16_384).map(chunk => filter.push(chunk) ?? Buffer.alloc(0))

    assert.equal(Buffer.concat(out).toString(), frame)
    assert.ok(out.filter(({ length }) => length > 0).length > 50)
  })

  it('have no secret, for any chunks', () => {
    const frame = `data: {"choices":[{"delta":{"content":"${SECRET}"}}]}\n\n`
    const long = frame.replace('"}}', `${' '.repeat(300_000)}${SECRET}${SECRET}"}}`)
    for (const stream of [frame, long]) {
      const expected = stream.replaceAll(SECRET, 'x'.repeat(SECRET.length))
      for (const size of stream === frame ? [1, 5, 1000] : [997, 16_384])
        assert.equal(through(pieces(stream, size)), expected)
    }
  })
})

describe('an error that is a whole JSON response', () => {
  const failure = (name: string) => Buffer.from(`{"status":"failed","error":\n {"message":"ä ${name}"}}`)
  const shown = (body: Buffer, failed?: string) =>
    redactedResponse(body, { failed, usage: undefined }, calling(), redactor, responseShapes)

  it('is redacted in place', () => {
    assert.deepEqual(shown(failure('org-Acme123456'), 'error'), failure('xxxxxxxxxxxxxx'))
    const harmless = failure('nothing')
    assert.equal(shown(harmless, 'error'), harmless)
  })

  it('is redacted beside output, and the output does not change', () => {
    const both = (name: string) =>
      Buffer.from(
        `{"content":[{"text":"org-Beta99999"}],"warnings":[{"message":"${name}"}],"error":{"message":"${name}"}}`,
      )
    for (const failed of [undefined, 'error'])
      assert.deepEqual(
        redactedResponse(both('org-Acme123456'), { failed, usage: [] }, calling(), redactor, responseShapes),
        both('xxxxxxxxxxxxxx'),
      )
  })

  it('is redacted if the meter does not know it', () => {
    const loading = (name: string) => Buffer.from(`{"message":"${name} is loading"}`)
    assert.deepEqual(shown(loading('org-Acme123456')), loading('xxxxxxxxxxxxxx'))
    const choice = (name: string) =>
      Buffer.from(`{"id":"org-x","choices":[{"error":{"message":"${name}"}}],"usage":{}}`)
    const usage: [] = []
    const found = redactedResponse(
      choice('org-Acme123456'),
      { failed: undefined, usage },
      calling(),
      redactor,
      responseShapes,
    )
    assert.deepEqual(found, choice('xxxxxxxxxxxxxx'))
  })
})
