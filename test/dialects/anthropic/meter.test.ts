import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cut, event, measure, measureChunks, part, smallRequest } from '../streams.ts'
import { finish, start, streams, text, textDelta } from './streams.ts'

const path = '/v1/messages'
const model = 'claude-haiku-4-5-20251001'
const usual = start({ input_tokens: 43, output_tokens: 1 })

describe('a stream of Messages', () => {
  for (const { title, bytes, usage } of streams) {
    it(`is charged with ${title}`, () => {
      const measured = measure(path, bytes)
      assert.deepEqual(measured.usage, usage)
      assert.equal(measured.ended, true)
      assert.equal(measured.failed, undefined)
      assert.equal(measured.midFrame, false)
    })

    it(`is charged the same for any chunks: ${title}`, () => {
      const whole = measure(path, bytes)
      const raw = Buffer.from(bytes)
      for (let at = 0; at <= raw.length; at++)
        assert.deepEqual(measureChunks(path, [raw.subarray(0, at), raw.subarray(at)]), whole)
      assert.deepEqual(measureChunks(path, cut(raw, 1)), whole)
    })
  }

  it('may end its lines with CR and LF', () => {
    for (const { bytes, usage } of streams) {
      const crlf = Buffer.from(bytes.replaceAll('\n', '\r\n'))
      assert.deepEqual(measureChunks(path, cut(crlf, 1)).usage, usage)
      assert.deepEqual(measure(path, crlf), measure(path, bytes))
    }
  })

  it('may have comments anywhere', () => {
    const { bytes, usage } = streams[0]!
    const commented = `: hello\n\n${bytes.replaceAll('\n\nevent', '\n\n: hb\nevent')}: bye\n`
    assert.deepEqual(measure(path, commented).usage, usage)
  })

  it('has visible text and tool JSON, without its thinking', () => {
    const bytes =
      usual +
      event('content_block_delta', { index: 0, delta: { type: 'thinking_delta', thinking: 'hm, hm' } }) +
      event('content_block_delta', { index: 0, delta: { type: 'signature_delta', signature: 'Ab==' } }) +
      textDelta('He said "é😀"\n') +
      event('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: '{"a":' } }) +
      event('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: '' } })
    assert.equal(measure(path, bytes).visibleBytes, Buffer.byteLength('He said "é😀"\n{"a":'))
    const escaped = bytes.replace('é😀', '\\u00e9\\ud83d\\ude00')
    assert.equal(measure(path, escaped).visibleBytes, Buffer.byteLength('He said "é😀"\n{"a":'))
  })

  it('has visible text and tool input at the start of a block, without results of tools', () => {
    const block = (content_block: object) => event('content_block_start', { index: 0, content_block })
    const long = 'é'.repeat(200_000)
    for (const [content_block, size] of [
      [{ type: 'text', text: 'Hellö' }, 6],
      [{ type: 'text', text: '' }, 0],
      [{ type: 'tool_use', name: 'text', input: { text: 'a' } }, 12],
      [{ type: 'tool_use', name: 'x', input: {} }, 0],
      [{ type: 'thinking', thinking: 'hm', text: 'hm' }, 0],
      [{ type: 'web_search_tool_result', content: [{ type: 'text', text: 'found' }] }, 0],
      [{ type: 'mcp_tool_result', content: [{ type: 'text', text: long }] }, 0],
    ] as const)
      assert.equal(measure(path, usual + block(content_block)).visibleBytes, size)
    assert.ok(measure(path, usual + block({ type: 'text', text: long })).visibleBytes >= 400_000)
  })

  it('counts its events', () => {
    assert.equal(measure(path, `: hello\n\n${usual}${textDelta('a')}${textDelta('b')}`).events, 3)
  })
})

describe('an incomplete stream of Messages', () => {
  const begun = start({ input_tokens: 43, cache_read_input_tokens: 9, output_tokens: 2 }) + textDelta('Hello')

  it('has no final usage, only a partial one', () => {
    const measured = measure(path, begun)
    assert.equal(measured.usage, undefined)
    assert.deepEqual(measured.partial, part({ model, input: 43, cacheRead: 9, output: 2 }))
    assert.equal(measured.ended, false)
    assert.equal(measured.visibleBytes, 5)
  })

  it('has no final usage inside a frame, and reports the cut', () => {
    const measured = measure(path, begun + textDelta('Hello').slice(0, -20))
    assert.equal(measured.usage, undefined)
    assert.equal(measured.midFrame, true)
  })

  it('has a final usage after the model has stopped', () => {
    const { usage, ended } = measure(
      path,
      begun + finish({ output_tokens: 12 }).replace(/event: message_stop.*/s, ''),
    )
    assert.deepEqual(usage, [part({ model, input: 43, cacheRead: 9, output: 12 })])
    assert.equal(ended, false)
  })

  it('has no final usage before the model has stopped', () => {
    const delta = event('message_delta', { delta: { stop_reason: null }, usage: { output_tokens: 100 } })
    const { usage, partial } = measure(path, begun + delta)
    assert.equal(usage, undefined)
    assert.equal(partial?.output, 100)
  })

  it('has no final usage if the end has none', () => {
    const { usage, ended } = measure(path, begun + event('message_stop'))
    assert.equal(usage, undefined)
    assert.equal(ended, true)
  })

  it('reports the provider’s name of the error without names of the gateway’s account', () => {
    const failed = (error: unknown) => measure(path, begun + event('error', { error })).failed
    assert.equal(failed({ type: 'overloaded_error', message: 'of organization 5c0f' }), 'overloaded_error')
    assert.equal(failed({ type: 'org-1234: no!', message: 'x' }), 'error')
    assert.equal(failed('boom'), 'error')
  })

  it('is complete with its last frame, also without a blank line', () => {
    const measured = measure(path, (usual + text('Hi') + finish({ output_tokens: 3 })).trimEnd())
    assert.equal(measured.ended, true)
    assert.equal(measured.midFrame, true)
    assert.equal(measured.usage?.[0]?.output, 3)
  })
})

describe('usage that is invalid', () => {
  const spoilt = [
    { output_tokens: 'many' },
    { output_tokens: -1 },
    { output_tokens: 1.5 },
    { output_tokens: 12, input_tokens: {} },
    { output_tokens: 12, server_tool_use: { web_search_requests: 'two' } },
    { output_tokens: 12, iterations: [{ type: 'message', output_tokens: 5 }] },
  ]
  for (const usage of spoilt) {
    it(`is no usage: ${JSON.stringify(usage)}`, () => {
      assert.equal(measure(path, usual + finish(usage)).usage, undefined)
    })
  }

  it('does not stop the meter', () => {
    const nonsense =
      'event: message_start\ndata: {"type":\n\ndata\n\n: \u0000\nevent: message_delta\ndata: null\n\n'
    assert.deepEqual(measure(path, nonsense + streams[0]?.bytes).usage, streams[0]?.usage)
  })
})

describe('cache writes without a reported lifetime', () => {
  const written = (usage: object, ttl: string) => {
    const requested = smallRequest(path, { cache_control: { type: 'ephemeral', ttl } })
    const bytes = start({ input_tokens: 1, output_tokens: 1, ...usage }) + finish({ output_tokens: 1 })
    const { cacheWrite5m, cacheWrite1h } = measure(path, bytes, { requested }).usage?.[0] ?? assert.fail()
    return [cacheWrite5m, cacheWrite1h]
  }

  it('count with the requested lifetime', () => {
    assert.deepEqual(written({ cache_creation_input_tokens: 100 }, '5m'), [100, 0])
    assert.deepEqual(written({ cache_creation_input_tokens: 100 }, '1h'), [0, 100])
  })

  it('are the difference of the sum and the split', () => {
    const cache_creation = { ephemeral_5m_input_tokens: 60, ephemeral_1h_input_tokens: 30 }
    assert.deepEqual(written({ cache_creation_input_tokens: 100, cache_creation }, '5m'), [70, 30])
    assert.deepEqual(written({ cache_creation_input_tokens: 100, cache_creation }, '1h'), [60, 40])
    assert.deepEqual(written({ cache_creation_input_tokens: 50, cache_creation }, '1h'), [20, 30])
    assert.deepEqual(written({ cache_creation }, '1h'), [60, 30])
  })
})

describe('usage before more output', () => {
  it('is partial', () => {
    const words = text('word ').repeat(60)
    const early = event('message_delta', { delta: {}, usage: { output_tokens: 2 } })
    for (const end of ['', event('message_stop')]) {
      const measured = measure(path, usual + early + words + end)
      assert.equal(measured.usage, undefined)
      assert.deepEqual([measured.partial.output, measured.visibleBytes], [2, 300])
    }
  })

  it('is not replaced by a second message', () => {
    const first = usual + text('Hi') + finish({ output_tokens: 500 })
    const { usage } = measure(path, first)
    const second = start({ input_tokens: 3, output_tokens: 1 })
    assert.deepEqual(measure(path, first + second).usage, usage)
    assert.deepEqual(measure(path, first + second + finish({ output_tokens: 7 })).usage, usage)
    assert.equal(measure(path, first + second + finish({ output_tokens: 700 })).usage?.[0]?.output, 700)
    const more = measure(path, first + second + text('more'))
    assert.equal(more.usage, undefined)
    assert.equal(more.partial.output, 500)
  })
})

describe('a later usage', () => {
  const begun = start({ input_tokens: 1000, cache_read_input_tokens: 50, output_tokens: 1 })
  const measured = (...usages: object[]) =>
    measure(
      path,
      begun +
        usages.map(usage => event('message_delta', { delta: { stop_reason: 'end_turn' }, usage })).join(''),
    )
  const usages = (...all: object[]) => {
    const { input, cacheRead, output } = measured(...all).usage?.[0] ?? assert.fail()
    return [input, cacheRead, output]
  }

  it('does not replace a larger usage', () => {
    const none = {
      input_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 0,
      output_tokens: 0,
    }
    for (const later of [
      none,
      { output_tokens: 0 },
      { output_tokens: 99 },
      {},
      { ...none, output_tokens: 50 },
    ]) {
      assert.deepEqual(usages({ output_tokens: 100 }, later), [1000, 50, 100])
      assert.deepEqual(usages({ output_tokens: 100 }, later, { output_tokens: 120 }), [1000, 50, 120])
    }
    assert.deepEqual(usages({ input_tokens: 0, output_tokens: 100 }), [1000, 50, 100])
    assert.deepEqual(usages({ input_tokens: 900, output_tokens: 100 }), [1000, 50, 100])
  })

  it('may have more input and other cached input', () => {
    assert.deepEqual(usages({ input_tokens: 4000, output_tokens: 7 }), [4000, 50, 7])
    assert.deepEqual(
      usages({ input_tokens: 10, cache_read_input_tokens: 1040, output_tokens: 7 }),
      [10, 1040, 7],
    )
    assert.deepEqual(
      usages({ input_tokens: 5000, cache_read_input_tokens: 0, output_tokens: 7 }),
      [5000, 0, 7],
    )
  })

  it('keeps the runs of tools and the iterations that were reported', () => {
    const iterations = [{ type: 'message', input_tokens: 1000, output_tokens: 100 }]
    const first = { output_tokens: 100, server_tool_use: { web_search_requests: 2 }, iterations }
    const { usage } = measured(first, {
      output_tokens: 0,
      server_tool_use: { web_search_requests: 0 },
      iterations: [],
    })
    assert.deepEqual(usage, measured(first).usage)
    assert.deepEqual(usage?.[0]?.tools, { web_search: 2 })
  })

  it('counts at any position in its event', () => {
    for (const more of [
      { delta: { stop_reason: 'end_turn', usage: { output_tokens: 100 } } },
      { delta: { stop_reason: 'end_turn' }, message: { usage: { output_tokens: 100 } } },
    ])
      assert.equal(measure(path, begun + event('message_delta', more)).usage?.[0]?.output, 100)
  })

  it('may come with a second start', () => {
    const second = start({ input_tokens: 10, output_tokens: 1 })
    assert.deepEqual(measure(path, begun + second + finish({ output_tokens: 100 })).usage?.[0]?.input, 1000)
  })
})

describe('an error', () => {
  const error = event('error', { error: { type: 'overloaded_error' } })

  it('without output costs nothing', () => {
    for (const bytes of [error, event('ping') + error, `: x\n\n${error}`])
      assert.equal(measure(path, bytes).refused, true)
    const whole = JSON.stringify({ type: 'error', error: { type: 'api_error', message: 'x' } })
    assert.equal(measure(path, whole, { stream: false }).refused, true)
  })

  it('may come after the start of the message', () => {
    for (const bytes of [usual + error, usual + text('Hi') + error, usual])
      assert.equal(measure(path, bytes).refused, false)
  })
})

describe('runs of tools at the provider', () => {
  const tools = (server_tool_use: object) =>
    measure(path, usual + finish({ output_tokens: 3, server_tool_use })).usage?.[0]?.tools

  it('are charged if they have a fee', () => {
    assert.deepEqual(tools({ web_search_requests: 2, web_fetch_requests: 1, code_execution_requests: 3 }), {
      web_search: 2,
      web_fetch: 1,
      code_execution: 3,
    })
  })

  it('are free if only their results are charged', () => {
    const free = { tool_search_requests: 2, advisor_requests: 1, mcp_requests: 4 }
    assert.deepEqual(tools(free), {})
    assert.deepEqual(tools({ results_found: 12, cited: { a: 1 }, tool_search_requests: 1 }), {})
  })

  it('have no price if their name is unknown', () => {
    assert.deepEqual(tools({ video_search_requests: 1 }), { video_search: 1 })
  })
})

describe('a whole message', () => {
  const usage = {
    input_tokens: 2000,
    cache_creation_input_tokens: 14_000,
    cache_read_input_tokens: 50_000,
    cache_creation: { ephemeral_5m_input_tokens: 10_000, ephemeral_1h_input_tokens: 4000 },
    output_tokens: 1500,
    service_tier: 'priority',
  }
  const message = { model, id: 'msg_1', type: 'message', content: [{ type: 'text', text: 'Hi' }], usage }
  const read = (body: unknown, size = 65_536) =>
    measure(path, typeof body === 'string' ? body : JSON.stringify(body), { stream: false, size })

  it('is charged with its reported usage, for any chunks', () => {
    const expected = [
      part({
        model,
        tier: 'priority',
        input: 2000,
        cacheRead: 50_000,
        cacheWrite5m: 10_000,
        cacheWrite1h: 4000,
        output: 1500,
      }),
    ]
    for (const size of [1, 7, 65_536]) {
      const measured = read(message, size)
      assert.deepEqual(measured.usage, expected)
      assert.equal(measured.ended, true)
    }
    assert.deepEqual(read(JSON.stringify(message, null, 2)).usage, expected)
  })

  it('has no usage if it is cut off or not a message', () => {
    const text = JSON.stringify(message)
    for (const body of ['', text.slice(0, -1), '<html></html>', '[1]', 'null']) {
      assert.equal(read(body).ended, false)
      assert.equal(read(body).usage, undefined)
    }
  })

  it('reports an error inside it', () => {
    const { failed, usage } = read({ type: 'error', error: { type: 'api_error', message: 'x' } })
    assert.equal(failed, 'api_error')
    assert.equal(usage, undefined)
  })

  it('costs nothing on the token counter', () => {
    const counted = measure('/v1/messages/count_tokens', '{"input_tokens":2095}', { stream: false })
    assert.deepEqual(counted.usage, [])
    assert.equal(counted.ended, true)
  })
})
