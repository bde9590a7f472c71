import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CappedBuffer } from '../../src/dialects/wire/capped-buffer.ts'
import { finish, start, textDelta } from './anthropic/streams.ts'
import { cut, event, measure, type Path, part, smallRequest } from './streams.ts'

const long = 'All work and no play makes a dull gateway: {"usage":{"a":"\\"}"}}. '
const text = (bytes: number) => long.repeat(Math.ceil(bytes / long.length))

const chat: Path = '/v1/chat/completions'
const usage = { prompt_tokens: 20, completion_tokens: 9, total_tokens: 29 }

describe('the buffer of something large', () => {
  it('has the beginning and the requested members', () => {
    const kept = new CappedBuffer({ usage: true })
    for (const one of cut(
      Buffer.from(JSON.stringify({ text: text(2e6), usage: 7, more: text(2e6) })),
      16_384,
    ))
      kept.keep(one)
    const { bytes, large } = kept.take()
    assert.equal(bytes.length, 1024)
    assert.ok(large && large.size > 4e6)
    assert.deepEqual(large.members, { usage: 7 })
    assert.equal(kept.empty, true)
  })
})

describe('a JSON response that is too large to be parsed', () => {
  const json = (path: Path, body: unknown, size = 65_536) =>
    measure(path, JSON.stringify(body), { stream: false, size })

  it('is charged with the usage at its end', () => {
    const choices = [{ message: { content: text(2e6) } }]
    const body = {
      id: 'x',
      model: 'gpt-6-luna',
      choices,
      usage,
      service_tier: 'flex',
      system_fingerprint: 'fp',
    }
    for (const size of [1000, 65_536, 4e6]) {
      const measured = json(chat, body, size)
      assert.deepEqual(measured.usage, [part({ model: 'gpt-6-luna', tier: 'flex', input: 20, output: 9 })])
      assert.equal(measured.ended, true)
    }
    const message = { model: 'claude-haiku-4-5', content: [{ type: 'text', text: text(1e6) }] }
    const { usage: counted } = json('/v1/messages', {
      ...message,
      usage: { input_tokens: 5, output_tokens: 7 },
    })
    assert.deepEqual(counted, [part({ model: 'claude-haiku-4-5', input: 5, output: 7 })])
  })

  it('is charged with its usage at any position of the members', () => {
    const data = [{ embedding: text(1e6) }]
    const counted = { prompt_tokens: 8, total_tokens: 8 }
    for (const body of [
      { object: 'list', data, model: 'm-2', usage: counted },
      { usage: counted, model: 'm-2', data },
    ]) {
      const measured = json('/v1/embeddings', body)
      assert.deepEqual(measured.usage, [part({ model: 'm-2', input: 8 })])
      assert.equal(measured.ended, true)
    }
  })

  it('is charged with the tier and the usage in its middle', () => {
    const counted = { input_tokens: 100_000, output_tokens: 1000, total_tokens: 101_000 }
    const parameters = { description: text(140_000), usage: { input_tokens: 1, service_tier: 'flex' } }
    const body = {
      id: 'resp_1',
      instructions: text(20_000),
      model: 'gpt-6-sol',
      output: [{ type: 'message', content: [{ type: 'output_text', text: text(8e5) }] }],
      service_tier: 'priority',
      usage: counted,
      tools: [1, 2].map(n => ({ type: 'function', name: `t${n}`, parameters })),
      metadata: { service_tier: 'flex', text: text(8e5) },
    }
    const expected = [part({ model: 'gpt-6-sol', tier: 'priority', input: 100_000, output: 1000 })]
    const created = { ...body, status: 'in_progress', service_tier: 'auto', usage: null, output: [] }
    const stream =
      event('response.created', { response: created }) +
      event('response.in_progress', { response: created }) +
      event('response.completed', { response: { ...body, status: 'completed' } })
    for (const size of [8192, 65_536, 4e6]) {
      assert.deepEqual(json('/v1/responses', body, size).usage, expected)
      const nameless = stream.replace(/^event: .*\n/gm, '')
      for (const bytes of [stream, nameless])
        assert.deepEqual(measure('/v1/responses', bytes, { size }).usage, expected)
    }
    const middle = {
      padding: text(8e5),
      usage,
      model: 'gpt-6-luna',
      choices: [{ message: { content: text(8e5) } }],
    }
    assert.deepEqual(json(chat, middle).usage, [part({ model: 'gpt-6-luna', input: 20, output: 9 })])
  })

  it('is not charged with a usage inside another member', () => {
    const tools = [{ name: 'x', usage: { input_tokens: 1, output_tokens: 1 } }]
    const measured = json('/v1/responses', {
      model: 'm',
      output: [text(1e6)],
      tools,
      metadata: { usage: 'x' },
    })
    assert.equal(measured.usage, undefined)
    assert.equal(measured.ended, true)
  })

  it('is charged the fees of its tools at any position in its output', () => {
    const requested = smallRequest('/v1/responses', {
      tools: [{ type: 'file_search' }, { type: 'web_search' }],
    })
    const search = { type: 'file_search_call', results: [{ type: 'web_search_call', text: text(2e5) }] }
    const said = { type: 'message', content: [{ type: 'file_search_call', text: text(2e5) }] }
    const output = [search, said, { id: 'fs_2', queries: ['"type":"x"'], type: 'file_search_call' }, said]
    const counted = { input_tokens: 5, output_tokens: 1 }
    const listed = { type: 'web_search_call' }
    const body = { metadata: { output: [listed] }, output, tools: [listed], model: 'm', usage: counted }
    for (const bytes of [JSON.stringify(body), JSON.stringify(body, undefined, 1)]) {
      for (const size of [9973, 65_536]) {
        const { usage: charged } = measure('/v1/responses', bytes, { stream: false, size, requested })
        assert.deepEqual(charged, [part({ model: 'm', input: 5, output: 1, tools: { file_search: 2 } })])
      }
    }
  })

  it('has no usage if it is cut off', () => {
    const body = JSON.stringify({ model: 'm', choices: [{ message: { content: text(1e6) } }], usage })
    for (const end of [-1, -10, -30, -1000])
      assert.equal(measure(chat, body.slice(0, end), { stream: false }).usage, undefined)
    assert.equal(measure(chat, body.slice(0, -1000), { stream: false }).ended, false)
  })
})

describe('large invalid bytes', () => {
  it('are measured without an error', () => {
    const scraps = [
      '{"\\x":1,"usage":',
      '{"usage":{"a":[',
      '"usage" : }',
      '\\"usage\\":',
      '}',
      ']',
      '"model":"',
      '\n',
      'data: ',
    ]
    const piece = fc.constantFrom(...scraps).map(scrap => scrap.repeat(2000))
    fc.assert(
      fc.property(fc.array(piece, { minLength: 20, maxLength: 40 }), fc.boolean(), (pieces, stream) => {
        for (const path of ['/v1/messages', chat, '/v1/responses'] as const)
          assert.equal(measure(path, `{"\\x":1${pieces.join('')}}`, { stream }).usage, undefined)
      }),
      { seed: 20, numRuns: 12 },
    )
  })
})

describe('a frame that is too large to be buffered', () => {
  it('ends a stream of Responses with its usage', () => {
    const counted = { input_tokens: 36, output_tokens: 87, total_tokens: 123 }
    const response = (status: string, more: object) => ({
      response: { id: 'resp_1', status, model: 'gpt-6-luna', ...more },
    })
    const created = event(
      'response.created',
      response('in_progress', { output: [], service_tier: 'auto', usage: null }),
    )
    const call = event('response.output_item.done', {
      item: { id: 'ig_1', type: 'image_generation_call', result: 'A'.repeat(1e6) },
      output_index: 0,
    })
    const output = [{ type: 'message', content: [{ type: 'output_text', text: text(2e6) }] }]
    const tools = [{ type: 'function', name: 'x', parameters: { properties: { usage: { type: 'object' } } } }]
    const last = response('completed', {
      output,
      service_tier: 'default',
      tools,
      usage: counted,
      metadata: {},
    })
    for (const [name, bytes] of Object.entries({
      'number first': event('response.completed', { sequence_number: 9, ...last }),
      'number last': event('response.completed', { ...last, sequence_number: 9 }),
    })) {
      for (const size of [1000, 65_536, 8e6]) {
        const measured = measure('/v1/responses', created + call + bytes, { size })
        const expected = {
          model: 'gpt-6-luna',
          tier: 'default',
          input: 36,
          output: 87,
          tools: { image_generation: 1 },
        }
        assert.deepEqual(measured.usage, [part(expected)], name)
        assert.equal(measured.ended, true)
      }
    }
  })

  it('does not end a stream that is cut off in it', () => {
    const last = event('response.completed', {
      response: { output: [text(1e6)], usage: { input_tokens: 1 } },
    })
    const { ended, usage: counted } = measure('/v1/responses', last.slice(0, -100))
    assert.equal(ended, false)
    assert.equal(counted, undefined)
  })

  it('is not output if it is the result of a tool', () => {
    const block = { type: 'web_search_tool_result', content: [{ encrypted_content: text(3e6) }] }
    const bytes =
      start({ input_tokens: 43, output_tokens: 1 }) +
      event('content_block_start', { index: 0, content_block: block }) +
      textDelta('Hello') +
      finish({ output_tokens: 12 })
    const { usage: counted, visibleBytes, events } = measure('/v1/messages', bytes, { size: 30_000 })
    assert.equal(counted?.[0]?.output, 12)
    assert.equal(visibleBytes, 5)
    assert.equal(events, 5)
  })

  it('counts as output if it is a chunk of a chat', () => {
    const bytes = `data: ${JSON.stringify({ choices: [{ delta: { content: text(1e6) } }] })}\n\n`
    const { visibleBytes, usage: counted } = measure(chat, bytes)
    assert.ok(visibleBytes > 1e6)
    assert.equal(counted, undefined)
    const telling = `data: ${JSON.stringify({ choices: [{ delta: { content: text(1e6) } }], usage })}\n\n`
    assert.equal(measure(chat, `${telling}data: [DONE]\n\n`).usage?.[0]?.output, 9)
  })
})

describe('a stream of very many small frames', () => {
  it('buffers none of them', () => {
    const frames = textDelta('x'.repeat(50)).repeat(20_000)
    const { visibleBytes } = measure('/v1/messages', frames, { size: 777 })
    assert.equal(visibleBytes, 1_000_000)
    assert.equal(cut(Buffer.from(frames), 777).length > 1000, true)
  })
})
