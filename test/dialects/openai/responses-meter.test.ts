import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cut, event, measure, measureChunks, part, smallRequest } from '../streams.ts'

const path = '/v1/responses'
const model = 'gpt-6-luna'
const usage = {
  input_tokens: 36,
  input_tokens_details: { cached_tokens: 10, cache_write_tokens: 6 },
  output_tokens: 87,
  output_tokens_details: { reasoning_tokens: 64 },
  total_tokens: 123,
}
const charged = {
  model,
  tier: 'default',
  input: 20,
  cacheRead: 10,
  cacheWriteOther: 6,
  output: 87,
  reasoning: 64,
}

const response = (status: string, more: object = {}) => ({
  response: {
    id: 'resp_1',
    object: 'response',
    status,
    error: null,
    model,
    output: [],
    service_tier: 'auto',
    usage: null,
    ...more,
  },
})
const created = event('response.created', { sequence_number: 0, ...response('in_progress') })
const said = (delta: string, kind = 'output_text') =>
  event(`response.${kind}.delta`, {
    sequence_number: 1,
    item_id: 'msg_1',
    delta,
    logprobs: [],
    obfuscation: 'kR7q2',
  })
const item = (type: string) =>
  event('response.output_item.done', { output_index: 0, item: { id: 'x_1', type } })
const finished = (status = 'completed', more: object = {}) =>
  event(`response.${status}`, {
    sequence_number: 9,
    ...response(status, { service_tier: 'default', usage, ...more }),
  })

describe('a stream of Responses', () => {
  for (const status of ['completed', 'incomplete', 'cancelled']) {
    it(`is charged with the usage of its last event, ${status}, for any chunks`, () => {
      const bytes = created + said('Hello') + said(' “wörld”\n') + item('message') + finished(status)
      const whole = measure(path, bytes)
      assert.deepEqual(whole.usage, [part(charged)])
      assert.equal(whole.ended, true)
      assert.equal(whole.failed, undefined)
      assert.equal(whole.visibleBytes, Buffer.byteLength('Hello “wörld”\n'))
      assert.equal(whole.events, 5)

      const raw = Buffer.from(bytes)
      for (let at = 0; at <= raw.length; at++)
        assert.deepEqual(measureChunks(path, [raw.subarray(0, at), raw.subarray(at)]), whole)
      assert.deepEqual(measureChunks(path, cut(raw, 1)), whole)
      assert.deepEqual(measure(path, bytes.replaceAll('\n', '\r\n'), { size: 3 }), whole)
      assert.deepEqual(measure(path, bytes.replace(/event: .*\n/g, '')), whole)
    })
  }

  it('is charged after a failure too', () => {
    const error = { code: 'server_error', message: 'of org-1234' }
    const { usage, failed, ended } = measure(path, created + finished('failed', { error }))
    assert.deepEqual(usage, [part(charged)])
    assert.equal(failed, 'server_error')
    assert.equal(ended, true)
  })

  it('may report an error first', () => {
    const error = event('error', {
      sequence_number: 2,
      code: 'insufficient_quota',
      message: 'x',
      param: null,
    })
    const measured = measure(path, created + error + finished('failed', { usage: null }))
    assert.equal(measured.failed, 'insufficient_quota')
    assert.equal(measured.usage, undefined)
    assert.equal(measure(path, event('error', { error: { type: 'server_error' } })).failed, 'server_error')
  })

  it('costs nothing if it failed before any output', () => {
    const failed = finished('failed', { usage: null, error: { code: 'server_error' } })
    const error = event('error', { code: 'insufficient_quota', message: 'x' })
    const progress = event('response.in_progress', response('in_progress'))
    const refused = (bytes: string) => measure(path, bytes).refused
    for (const bytes of [
      error,
      failed,
      created + progress + failed,
      created + error,
      created + error + failed,
    ])
      assert.equal(refused(bytes), true)
    const reasoning = event('response.output_item.added', { item: { type: 'reasoning' } })
    const output = [{ type: 'message' }]
    for (const bytes of [
      created + said('Hi') + failed,
      created + reasoning + failed,
      created + finished('failed'),
      created + finished('failed', { usage: null, output }),
      created,
    ])
      assert.equal(refused(bytes), false)
  })

  it('keeps its usage if a second last event has none', () => {
    const { usage } = measure(path, created + finished() + finished('failed', { usage: null }))
    assert.deepEqual(usage, [part(charged)])
  })

  it('has a partial usage if its last event has none', () => {
    const early = event(
      'response.created',
      response('in_progress', { usage: { ...usage, output_tokens: 1, total_tokens: 37 } }),
    )
    const measured = measure(path, early + said('word '.repeat(60)))
    assert.equal(measured.usage, undefined)
    assert.deepEqual([measured.partial.input, measured.partial.output, measured.visibleBytes], [20, 1, 300])
  })

  it('has visible text and tool JSON, without a summary of its reasoning', () => {
    const kinds = [
      'refusal',
      'function_call_arguments',
      'custom_tool_call_input',
      'reasoning_summary_text',
      'reasoning_text',
      'audio',
    ]
    const bytes = created + kinds.map(kind => said('12345', kind)).join('')
    assert.equal(measure(path, bytes).visibleBytes, 15)
  })

  it('may have an error without a name', () => {
    const { failed, refused } = measure(path, 'data: {"error":{"code":"overloaded"}}\n\n')
    assert.deepEqual([failed, refused], ['overloaded', true])
  })

  it('has the fees of its tools if it is incomplete', () => {
    assert.deepEqual(measure(path, created + item('web_search_call') + said('Hello')).partial.tools, {
      web_search: 1,
    })
  })

  it('has no usage if it is incomplete', () => {
    const { usage, partial, ended } = measure(path, created + said('Hello'))
    assert.equal(usage, undefined)
    assert.deepEqual(partial, { model: 'gpt-6-luna', tier: 'auto' })
    assert.equal(ended, false)
  })
})

describe('text that is repeated as a whole', () => {
  const text = 'word '.repeat(60)
  const done = (kind: string, members: object) =>
    event(`response.${kind}.done`, { output_index: 0, ...members })
  const part = { type: 'output_text', text }
  const repeats = {
    text: done('output_text', { text }),
    part: done('content_part', { part }),
    item: done('output_item', { item: { type: 'message', content: [part] } }),
  }

  it('is counted once', () => {
    const { text: first, part: second, item: third } = repeats
    for (const bytes of [first, second, third, first + second + third, said(text) + first + second + third])
      assert.equal(measure(path, created + bytes).visibleBytes, 300)
    assert.equal(measure(path, created + said('word ') + third).visibleBytes, 300)
    assert.equal(measure(path, created + first + said(text) + first).visibleBytes, 600)
    assert.equal(measure(path, created + third + third).visibleBytes, 600)
  })

  it('is counted in the output of a last event without usage', () => {
    const output = [{ type: 'message', content: [part] }]
    const { usage: none, visibleBytes } = measure(
      path,
      created + finished('completed', { output, usage: null }),
    )
    assert.deepEqual([none, visibleBytes], [undefined, 300])
    assert.equal(
      measure(path, created + repeats.text + finished('completed', { output })).usage?.[0]?.output,
      87,
    )
  })

  it('may be a refusal or the arguments of a tool', () => {
    for (const [kind, members] of [
      ['refusal', { refusal: text }],
      ['function_call_arguments', { arguments: text }],
      ['custom_tool_call_input', { input: text }],
      ['code_interpreter_call_code', { code: text }],
      ['output_item', { item: { type: 'function_call', arguments: text } }],
      ['output_item', { item: { type: 'mcp_call', arguments: text, output: text } }],
      ['content_part', { part: { type: 'refusal', refusal: text } }],
    ] as const)
      assert.equal(measure(path, created + done(kind, members)).visibleBytes, 300, kind)
  })

  it('does not include reasoning and results of tools', () => {
    for (const [kind, members] of [
      ['reasoning_summary_text', { text }],
      ['output_item', { item: { type: 'reasoning', summary: [{ type: 'summary_text', text }] } }],
      ['output_item', { item: { type: 'file_search_call', results: [{ text }] } }],
      ['output_item', { item: { type: 'shell_call_output', output: [{ text: text.repeat(1000) }] } }],
      ['content_part', { part: { type: 'reasoning_text', text } }],
    ] as const)
      assert.equal(measure(path, created + done(kind, members)).visibleBytes, 0, kind)
  })

  it('is counted by the size of its event if it is very long', () => {
    const long = { type: 'output_text', text: 'word '.repeat(60_000) }
    for (const bytes of [
      done('output_text', long),
      done('content_part', { part: long }),
      done('output_item', { item: { type: 'message', content: [long] } }),
    ])
      assert.ok(measure(path, created + bytes).visibleBytes >= 300_000)
  })
})

describe('usage before more text', () => {
  it('is partial', () => {
    const measured = measure(path, created + said('Hi') + finished() + said('word '.repeat(60)))
    assert.equal(measured.usage, undefined)
    assert.deepEqual([measured.partial.output, measured.visibleBytes], [87, 302])
  })
})

describe('the fees of tools', () => {
  const tools = (bytes: string) => measure(path, created + bytes).usage?.[0]?.tools

  it('are counted from the events', () => {
    const calls =
      item('web_search_call') + item('web_search_call') + item('file_search_call') + item('message')
    assert.deepEqual(tools(calls + finished()), { web_search: 2, file_search: 1 })
  })

  it('are counted from the whole output', () => {
    const output = ['web_search_call', 'reasoning', 'web_search_call', 'image_generation_call'].map(type => ({
      type,
    }))
    assert.deepEqual(tools(finished('completed', { output })), { web_search: 2, image_generation: 1 })
    assert.deepEqual(tools(item('web_search_call') + finished('completed', { output })), {
      web_search: 2,
      image_generation: 1,
    })
    const body = JSON.stringify(response('completed', { output, usage }).response)
    assert.deepEqual(measure(path, body, { stream: false }).usage?.[0]?.tools, {
      web_search: 2,
      image_generation: 1,
    })
  })

  const listed = (output: object[], more = {}, requested = smallRequest(path)) => {
    const bytes = {
      stream: created + finished('completed', { output, ...more }),
      items:
        created +
        output.map(one => event('response.output_item.done', { item: one })).join('') +
        finished('completed', more),
    }
    const body = JSON.stringify(response('completed', { output, usage, ...more }).response)
    const found = [
      measure(path, bytes.stream, { requested }),
      measure(path, bytes.items, { requested }),
      measure(path, body, { stream: false, requested }),
    ].map(measured => measured.usage?.[0]?.tools)
    assert.deepEqual(found, [found[0], found[0], found[0]])
    return found[0]
  }

  it('are for searches, and not for the pages that a search opens', () => {
    const actions = ['search', 'open_page', 'open_page', 'find_in_page', 'find']
    const output = actions.map(type => ({
      id: 'ws',
      type: 'web_search_call',
      action: { type, url: 'https://a.example' },
    }))
    assert.deepEqual(listed(output), { web_search: 1 })
    assert.deepEqual(listed(output.slice(1)), {})
    assert.deepEqual(listed([{ type: 'web_search_call', action: null }]), { web_search: 1 })
  })

  it('are for each container once, of code interpreter and of a hosted shell', () => {
    const shell = (environment?: object) => ({
      type: 'shell_call',
      action: { commands: ['ls'] },
      environment,
    })
    const code = (container_id?: string) => ({ type: 'code_interpreter_call', container_id })
    const hosted = shell({ type: 'container_reference', container_id: 'cntr_1' })
    assert.deepEqual(listed([hosted]), { code_interpreter: 1 })
    assert.deepEqual(listed([hosted, code('cntr_1'), code('cntr_2'), hosted]), { code_interpreter: 2 })
    assert.deepEqual(listed([code(), code()]), { code_interpreter: 2 })
    assert.deepEqual(listed([shell({ type: 'local' }), shell(), { type: 'local_shell_call' }]), {})
    const requested = smallRequest(path, {
      tools: [{ type: 'shell', environment: { type: 'container_auto' } }],
    })
    assert.deepEqual(listed([shell()], {}, requested), { code_interpreter: 1 })
    assert.deepEqual(listed([shell(), shell()], {}, requested), { code_interpreter: 1 })
  })

  it('are for a container by its memory', () => {
    const tool = (memory_limit: string) => ({
      type: 'code_interpreter',
      container: { type: 'auto', memory_limit },
    })
    const output = [{ type: 'code_interpreter_call', container_id: 'cntr_1' }]
    assert.deepEqual(listed(output, { tools: [tool('1g')] }), { code_interpreter: 1 })
    const shell = { type: 'shell', environment: { type: 'container_auto', memory_limit: '16g' } }
    assert.deepEqual(listed(output, { tools: [tool('4g'), shell] }), { code_interpreter_16g: 1 })
  })

  it('use the container memory in the request if the response names none', () => {
    const output = [{ type: 'code_interpreter_call', container_id: 'cntr_1' }]
    const tool = { type: 'code_interpreter', container: { type: 'auto', memory_limit: '64g' } }
    const shell = { type: 'shell', environment: { type: 'container_auto', memory_limit: '4g' } }
    const found = (body: Record<string, unknown>, more = {}) => listed(output, more, smallRequest(path, body))
    assert.deepEqual(found({ tools: [tool] }), { code_interpreter_64g: 1 })
    assert.deepEqual(found({ tools: [shell] }), { code_interpreter_4g: 1 })
    assert.deepEqual(found({ tools: [{ type: 'code_interpreter' }] }), { code_interpreter: 1 })
    assert.deepEqual(found({ tools: [shell] }, { tools: [{ type: 'code_interpreter', container: {} }] }), {
      code_interpreter_4g: 1,
    })
    const added = [{ type: 'additional_tools', tools: [tool] }]
    assert.deepEqual(found({ input: added }), { code_interpreter_64g: 1 })
  })

  it('count the reported tokens of images, else the images', () => {
    const output = [{ type: 'image_generation_call', id: 'ig_1' }]
    const image_gen = { input_tokens: 30, output_tokens: 196, total_tokens: 226 }
    const reported = { image_input_tokens: 30, image_output_tokens: 196 }
    assert.deepEqual(listed(output, { tool_usage: { image_gen } }), reported)
    const none = { input_tokens: 0, output_tokens: 0, total_tokens: 0 }
    assert.deepEqual(listed(output, { tool_usage: { image_gen: none } }), { image_generation: 1 })
    assert.deepEqual(listed([], { tool_usage: { image_gen: none } }), {})
  })

  it('are the reported number for searches', () => {
    const tool_usage = { web_search: { num_requests: 1 } }
    assert.deepEqual(
      tools(item('web_search_call') + item('web_search_call') + finished('completed', { tool_usage })),
      {
        web_search: 1,
      },
    )
  })
})

describe('a whole response', () => {
  const measured = (status: string, more: object) =>
    measure(path, JSON.stringify(response(status, more).response), { stream: false })

  it('is charged with its reported usage', () => {
    assert.deepEqual(measured('completed', { usage, service_tier: 'default' }).usage, [part(charged)])
    assert.deepEqual(measured('incomplete', { usage, service_tier: 'default' }).usage, [part(charged)])
  })

  it('has no usage while it runs in the background', () => {
    const { usage, ended, failed } = measured('queued', {})
    assert.equal(usage, undefined)
    assert.equal(ended, true)
    assert.equal(failed, undefined)
  })

  it('reports its failure', () => {
    assert.equal(
      measured('failed', { error: { code: 'rate_limit_exceeded', message: 'x' } }).failed,
      'rate_limit_exceeded',
    )
    assert.equal(measured('failed', {}).failed, 'error')
    assert.equal(measured('failed', {}).refused, true)
    assert.equal(measured('failed', { usage }).refused, false)
    assert.equal(measured('failed', { output: [{ type: 'reasoning' }] }).refused, false)
  })
})
