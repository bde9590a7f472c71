import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Path, parse, smallRequest } from './streams.ts'

const unlimited = Number.POSITIVE_INFINITY
const bytes = (body: unknown) => Buffer.byteLength(JSON.stringify(body))
const bound = (path: Path, body: unknown) => parse(path, body).inputBound
const images = (path: Path, body: unknown) => parse(path, body).images
const guess = (path: Path, body: unknown) => parse(path, body).inputGuess

const messages: Path = '/v1/messages'
const chat: Path = '/v1/chat/completions'
const responses: Path = '/v1/responses'
const embeddings: Path = '/v1/embeddings'

const user = (content: unknown) => ({ model: 'm', messages: [{ role: 'user', content }] })
const items = (...input: object[]) => ({ model: 'm', input })

/** 40 KB of base64. */
const payload = Buffer.alloc(30_000, 7).toString('base64')
const dataUrl = `data:image/png;base64,${payload}`

describe('the upper bound on the tokens of a text prompt', () => {
  it('is the bytes of its JSON, plus hidden tokens around each message', () => {
    const body = user('Hello there')
    assert.equal(bound(messages, body), bytes(body) + 32)
    assert.equal(bound(chat, body), bytes(body) + 32)
    const two = items({ role: 'user', content: 'hi' }, { role: 'user', content: 'ho' })
    assert.equal(bound(responses, two), bytes(two) + 64)
  })

  it('is higher with tools, which the provider explains to the model', () => {
    const custom = { ...user('hi'), tools: [{ name: 'x', input_schema: { type: 'object' } }] }
    assert.equal(bound(messages, custom), bytes(custom) + 32 + 1000)
    const bash = { ...user('hi'), tools: [{ type: 'bash_20250124', name: 'bash' }] }
    assert.equal(bound(messages, bash), bytes(bash) + 32 + 2000)
    const toolset = { ...user('hi'), tools: [{ type: 'browser_toolset_20260801' }] }
    assert.equal(bound(messages, toolset), bytes(toolset) + 32 + 11_000)
    const functions = { ...user('hi'), functions: [{ name: 'x' }] }
    assert.equal(bound(chat, functions), bytes(functions) + 32 + 1000)
  })

  it('is at least the bytes of the normalised text, in any spelling', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', 'é', '…', '½', '㌀', 'ﷺ', '漢', '😀', '\\', '"', '\n', '\u0958'),
    })
    fc.assert(
      fc.property(text, fc.boolean(), (content, escaped) => {
        const raw = JSON.stringify(user(content))
        const spelt = escaped
          ? raw.replace(/[^\0-\x7f]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          : raw
        const most = Math.max(Buffer.byteLength(content), Buffer.byteLength(content.normalize('NFKC')))
        assert.ok(bound(messages, spelt) >= most + bytes(user('')))
      }),
      { seed: 14, numRuns: 2000 },
    )
  })

  it('includes the bytes that normalising adds: one character of three bytes may become 33', () => {
    const body = user('ﷺ'.repeat(1000))
    assert.equal(bound(messages, body), bytes(body) + 32 + 30_000)
    const escaped = JSON.stringify(user('X')).replace('X', '\\ufdfa'.repeat(1000))
    assert.equal(bound(chat, escaped), escaped.length + 32 + 30_000)
  })
})

describe('a prompt of more than 1 MB', () => {
  it('is bounded by its bytes if it is ASCII, and only by the model if normalising may lengthen it', () => {
    const ascii = user('x'.repeat(3_000_000))
    assert.equal(bound(messages, ascii), bytes(ascii) + 32)
    assert.equal(bound(messages, user('漢'.repeat(350_000))), unlimited)
    assert.equal(bound(messages, user('ﷺ'.repeat(200_000))), unlimited)
  })
})

describe('the estimated tokens of a text prompt', () => {
  it('are a quarter of its bytes', () => {
    const body = user('Hello there, '.repeat(1000))
    assert.equal(guess(messages, body), Math.ceil(bytes(body) / 4))
  })
})

describe('an image', () => {
  const base64 = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: payload } }
  const remote = { type: 'image', source: { type: 'url', url: 'https://example.com/x.png' } }

  it('counts as one image, not as its bytes, because its tokens depend on the model', () => {
    assert.equal(bound(messages, user([base64])), bytes(user([base64])) - payload.length + 32)
    assert.equal(bound(messages, user([remote])), bytes(user([remote])) + 32)
    assert.deepEqual(
      [[base64], [remote], [base64, base64]].map(content => images(messages, user(content))),
      [1, 1, 2],
    )
  })

  it('is found in a tool result, the system prompt and a document', () => {
    const places = [
      user([{ type: 'tool_result', tool_use_id: 'x', content: [base64] }]),
      { ...user('hi'), system: [base64] },
      user([{ type: 'document', source: { type: 'content', content: [base64] } }]),
    ]
    for (const body of places) {
      assert.equal(bound(messages, body), bytes(body) - payload.length + 32)
      assert.equal(images(messages, body), 1)
    }
  })

  it('is text in the input of a tool', () => {
    const body = user([{ type: 'tool_use', id: 'x', name: 'x', input: { content: [base64] } }])
    assert.equal(bound(messages, body), bytes(body) + 32)
    assert.equal(images(messages, body), 0)
  })

  it('is counted on OpenAI routes, as data, as a tool result or as a URL', () => {
    const part = { type: 'image_url', image_url: { url: dataUrl } }
    assert.equal(bound(chat, user([part])), bytes(user([part])) - dataUrl.length + 32)
    const far = { type: 'image_url', image_url: { url: 'https://example.com/x.png' } }
    assert.equal(bound(chat, user([far])), bytes(user([far])) + 32)
    assert.deepEqual([images(chat, user([part])), images(chat, user([far]))], [1, 1])
    const input = [
      { role: 'user', content: [{ type: 'input_image', image_url: dataUrl }] },
      { type: 'function_call_output', call_id: 'x', output: [{ type: 'input_image', image_url: dataUrl }] },
      {
        type: 'computer_call_output',
        call_id: 'x',
        output: { type: 'computer_screenshot', image_url: dataUrl },
      },
    ]
    for (const item of input) {
      assert.equal(bound(responses, items(item)), bytes(items(item)) - dataUrl.length + 32)
      assert.equal(images(responses, items(item)), 1)
    }
    const drawn = { type: 'image_generation_call', id: 'ig_1', result: payload }
    assert.equal(bound(responses, items(drawn)), bytes(items(drawn)) - payload.length + 32)
  })

  it('is estimated at an ordinary size', () => {
    assert.equal(
      guess(messages, user([base64])),
      Math.ceil((bytes(user([base64])) - payload.length) / 4) + 1600,
    )
  })
})

describe('content of unknown size', () => {
  const data = { type: 'base64', media_type: 'application/pdf', data: payload }
  const cases: [path: Path, body: object][] = [
    [messages, user([{ type: 'document', source: data }])],
    [messages, user([{ type: 'document', source: { type: 'url', url: 'https://example.com/x.pdf' } }])],
    [messages, user([{ type: 'tool_result', content: [{ type: 'document', source: data }] }])],
    [
      messages,
      user([
        {
          type: 'web_fetch_tool_result',
          content: { type: 'web_fetch_result', content: { type: 'document', source: data } },
        },
      ]),
    ],
    [messages, user([{ type: 'hologram', url: 'https://example.com' }])],
    [chat, user([{ type: 'file', file: { file_data: `data:application/pdf;base64,${payload}` } }])],
    [chat, user([{ type: 'input_audio', input_audio: { data: payload, format: 'wav' } }])],
    [chat, user([{ type: 'video_url', video_url: { url: 'https://example.com' } }])],
    [responses, items({ role: 'user', content: [{ type: 'input_file', file_url: 'https://example.com' }] })],
    [responses, items({ type: 'hologram_call', id: 'x' })],
    [messages, user({ type: 'document', source: data })],
    [messages, user([[{ type: 'document', source: data }]])],
    [messages, user([{ type: 'text', text: 'x', source: { type: 'url', url: 'https://example.com' } }])],
    [messages, { ...user('hi'), attachments: [{ file_url: 'https://example.com/x.pdf' }] }],
    [messages, { model: 'm', messages: [[{ role: 'user', content: [{ type: 'document', source: data }] }]] }],
    [chat, user({ type: 'file', file: { file_data: `data:application/pdf;base64,${payload}` } })],
    [
      chat,
      { model: 'm', messages: [{ role: 'user', content: 'hi', images: [{ url: 'x', image_url: 'y' }] }] },
    ],
    [chat, { ...user('hi'), documents: [{ file_url: 'https://example.com/x.pdf' }] }],
    [
      responses,
      {
        model: 'm',
        input: 'hi',
        instructions: [{ role: 'developer', content: [{ type: 'input_file', file_url: 'x' }] }],
      },
    ],
    [responses, items({ role: 'user', content: { type: 'input_file', file_url: 'https://example.com' } })],
    [
      responses,
      { model: 'm', input: [[{ role: 'user', content: [{ type: 'input_file', file_url: 'x' }] }]] },
    ],
    [embeddings, { model: 'm', input: [{ text: 'x'.repeat(5900) }] }],
    [embeddings, { model: 'm', input: [['hi', { image_url: 'https://example.com' }]] }],
  ]
  for (const [path, body] of cases) {
    it(`is bounded only by the model: ${path} ${JSON.stringify(body).slice(24, 90)}`, () => {
      assert.equal(bound(path, body), unlimited)
      assert.ok(guess(path, body) < 20_000)
    })
  }

  it('does not include the item with which Codex asks for a compaction', () => {
    const items = [{ role: 'user', content: 'hi' }, { type: 'compaction_trigger' }]
    const requested = parse('/v1/responses', { model: 'm', input: items })
    assert.ok(Number.isFinite(requested.inputBound))
    assert.deepEqual(requested.unbounded, [])
  })

  it('does not include citations of a response, arguments of a tool and schemas', () => {
    const schema = {
      type: 'object',
      properties: { file_id: { type: 'string' }, image_url: { type: 'string' } },
    }
    const bodies: [path: Path, body: object][] = [
      [
        messages,
        user([{ type: 'text', text: 'x', citations: [{ type: 'char_location', file_id: 'file_1' }] }]),
      ],
      [messages, user([{ type: 'tool_use', id: 'x', name: 'x', input: { file_id: 'x', image_url: 'y' } }])],
      [messages, { ...user('hi'), tools: [{ name: 'x', input_schema: schema }], metadata: { file_id: 'x' } }],
      [chat, { ...user('hi'), response_format: { type: 'json_schema', json_schema: { schema } } }],
      [chat, { model: 'm', messages: [{ role: 'assistant', content: 'x', tool_calls: [{ file_id: 'x' }] }] }],
      [
        responses,
        items({
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'x', annotations: [{ type: 'file_citation', file_id: 'x' }] },
          ],
        }),
      ],
      [responses, items({ type: 'file_search_call', id: 'x', results: [{ file_id: 'file-1', text: 'x' }] })],
    ]
    for (const [path, body] of bodies) {
      assert.ok(Number.isFinite(bound(path, body)), JSON.stringify(body))
      assert.deepEqual(parse(path, body).unbounded, [])
    }
  })

  it('does not include a document of plain text', () => {
    const body = user([
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x'.repeat(99) } },
    ])
    assert.equal(bound(messages, body), bytes(body) + 32)
  })
})

describe('the input of embeddings', () => {
  const sized = (input: unknown) => parse(embeddings, { model: 'm', input })

  it('is counted exactly if it is tokens', () => {
    assert.equal(sized([1, 2, 100_000]).inputBound, 3)
    assert.equal(sized([[1, 2], [3]]).inputBound, 3)
    assert.equal(sized([[1, 2], [3]]).inputGuess, 3)
  })

  it('is bounded by its bytes if it is text', () => {
    assert.equal(sized('hello').inputBound, 5)
    assert.equal(sized(['hello', 'é']).inputBound, 7)
    assert.equal(sized(['hello', 'é']).inputGuess, 3)
    assert.equal(sized(['ﷺ', [1]]).inputBound, 34)
  })

  it('is at least one token for each text, empty ones included', () => {
    for (const [input, tokens] of [
      ['', 1],
      [[''], 1],
      [['', '', 'a'], 3],
      [[], 1],
      [[[], [5]], 2],
      [undefined, 1],
      [null, 1],
    ] as const) {
      assert.equal(sized(input).inputBound, tokens, JSON.stringify(input))
      assert.ok(sized(input).inputGuess >= 1)
    }
  })

  it('includes the bytes of members that the gateway does not know', () => {
    const task = 'x'.repeat(1000)
    const requested = parse(embeddings, { model: 'm', input: 'hi', task, encoding_format: 'float' })
    assert.ok(requested.inputBound >= 1000)
    assert.ok(requested.inputGuess >= 250)
  })
})

describe('a request of any content', () => {
  it('has a bound and an estimate, or is refused', () => {
    const value = fc.jsonValue({ maxDepth: 4 })
    const blocks = fc.array(
      fc.record({
        type: fc.constantFrom('text', 'image', 'document', 'tool_result', 'file'),
        source: value,
        content: value,
        file: value,
      }),
    )
    fc.assert(
      fc.property(blocks, value, (content, system) => {
        for (const path of [messages, chat, responses] as const) {
          try {
            const { inputBound, inputGuess } = smallRequest(path, {
              messages: [{ content }],
              input: content,
              system,
            })
            assert.ok(inputBound > 0 && inputGuess > 0)
          } catch (error) {
            assert.ok(
              error instanceof Error && 'code' in error && error.code === 'invalid_request',
              String(error),
            )
          }
        }
      }),
      { seed: 15, numRuns: 1000 },
    )
  })
})
