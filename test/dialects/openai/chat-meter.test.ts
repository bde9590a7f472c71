import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunk, cut, delta, done, measure, measureChunks, part, smallRequest } from '../streams.ts'

const path = '/v1/chat/completions'
const model = 'gpt-6-luna'

const totals = (prompt: number, completion: number, more: object = {}) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...more,
})
const usageFrame = (usage: object, more: object = {}) =>
  chunk({ choices: [], service_tier: 'default', usage, ...more })
const text = delta('') + delta('Hello') + delta(' “wörld”\n')
const stop = chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null })
const first = chunk({ choices: [], prompt_filter_results: [{ prompt_index: 0 }], model: '' })
const moderation = chunk({ choices: [], moderation: { input: { flagged: false } }, usage: null })

const streams: [title: string, bytes: string, expected: Parameters<typeof part>[0]][] = [
  [
    'the usage frame before the end',
    text + stop + usageFrame(totals(20, 9)) + done,
    { model, tier: 'default', input: 20, output: 9 },
  ],
  [
    'input that was written to the cache',
    text +
      usageFrame(
        totals(4020, 10, { prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 4012 } }),
      ) +
      done,
    { model, tier: 'default', input: 8, cacheWriteOther: 4012, output: 10 },
  ],
  [
    'input that was read from the cache, and reasoning as a part of the output',
    text +
      usageFrame(
        totals(4020, 10, {
          prompt_tokens_details: { cached_tokens: 4012 },
          completion_tokens_details: { reasoning_tokens: 6 },
        }),
      ) +
      done,
    { model, tier: 'default', input: 8, cacheRead: 4012, output: 10, reasoning: 6 },
  ],
  [
    'reasoning beside the output, as the total shows',
    text +
      usageFrame({
        ...totals(12, 2),
        total_tokens: 354,
        completion_tokens_details: { reasoning_tokens: 340 },
      }) +
      done,
    { model, tier: 'default', input: 12, output: 342, reasoning: 340 },
  ],
  [
    'more reasoning than output, which is not taken off',
    text + usageFrame(totals(12, 10, { completion_tokens_details: { reasoning_tokens: 11 } })) + done,
    { model, tier: 'default', input: 12, output: 10, reasoning: 11 },
  ],
  [
    'a chunk behind the usage frame, and an empty one at the start',
    first + text + stop + usageFrame(totals(20, 9)) + moderation + done,
    { model, tier: 'default', input: 20, output: 9 },
  ],
  [
    'usage on a chunk with choices',
    text +
      chunk({
        choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
        usage: totals(20, 9),
        service_tier: 'flex',
      }) +
      done,
    { model, tier: 'flex', input: 20, output: 9 },
  ],
  [
    'usage on every chunk, of which the last counts',
    [1, 2, 3]
      .map(n => chunk({ choices: [{ index: 0, delta: { content: 'x' } }], usage: totals(20, n) }))
      .join('') + done,
    { model, input: 20, output: 3 },
  ],
  [
    'the model and the tier that the response names',
    chunk({ choices: [], model: 'gpt-6-luna-2026-08-01', usage: null }) +
      usageFrame(totals(20, 9), { model: 'gpt-6-luna-2026-08-01', service_tier: 'priority' }) +
      done,
    { model: 'gpt-6-luna-2026-08-01', tier: 'priority', input: 20, output: 9 },
  ],
  [
    'sound, which has no price as text has',
    usageFrame(totals(20, 9, { completion_tokens_details: { audio_tokens: 5 } })) + done,
    { model, tier: 'default', input: 20, output: 9, tools: { audio_tokens: 5 } },
  ],
]

describe('a chat stream', () => {
  for (const [title, bytes, expected] of streams) {
    it(`is charged with ${title}, for any chunks`, () => {
      const whole = measure(path, bytes)
      assert.deepEqual(whole.usage, [part(expected)])
      assert.equal(whole.ended, true)
      assert.equal(whole.failed, undefined)

      const raw = Buffer.from(bytes)
      for (let at = 0; at <= raw.length; at++)
        assert.deepEqual(measureChunks(path, [raw.subarray(0, at), raw.subarray(at)]), whole)
      assert.deepEqual(measureChunks(path, cut(raw, 1)), whole)
      assert.deepEqual(measure(path, bytes.replaceAll('\n', '\r\n'), { size: 3 }), whole)
      assert.deepEqual(measure(path, bytes.replaceAll('":', '" : ')).usage, whole.usage)
    })
  }

  it('has the visible text and tool JSON of all its choices', () => {
    const call = { index: 0, function: { name: 'x', arguments: '{"a":"é"}' } }
    const bytes =
      text +
      chunk({ choices: [{ index: 0, delta: { tool_calls: [call, call] } }] }) +
      chunk({
        choices: [
          { index: 0, delta: { content: 'one' } },
          { index: 1, delta: { refusal: 'two' } },
        ],
      }) +
      chunk({ choices: [{ index: 0, delta: { content: null }, logprobs: { content: [{ token: 'no' }] } }] })
    const shown = 'Hello “wörld”\n{"a":"é"}{"a":"é"}onetwo'
    assert.equal(measure(path, bytes).visibleBytes, Buffer.byteLength(shown))
  })

  it('may report its tier in any chunk', () => {
    const late = chunk({ choices: [], service_tier: 'priority' })
    const then = chunk({ choices: [], service_tier: null })
    const bytes = text.repeat(3) + late + then
    assert.deepEqual(measure(path, bytes).partial, { model: 'gpt-6-luna', tier: 'priority' })
    const used = chunk({ choices: [], model: undefined, usage: totals(20, 9) })
    assert.deepEqual(measure(path, bytes + used + done).usage?.[0]?.tier, 'priority')
  })

  it('ignores JSON inside its text', () => {
    const bytes =
      delta('"usage":{"prompt_tokens":1},"error":{}') + delta('data: [DONE]\n\n') + delta('\\"usage\\":')
    const measured = measure(path, bytes)
    assert.equal(measured.usage, undefined)
    assert.deepEqual(measured.partial, { model: 'gpt-6-luna', tier: undefined })
    assert.equal(measured.failed, undefined)
    assert.equal(measured.ended, false)
    assert.equal(measured.events, 3)
  })

  it('adds the fee of a requested search without a reported usage', () => {
    const requested = smallRequest(path, { web_search_options: {} })
    const { usage } = measure(path, text + usageFrame(totals(20, 9)) + done, { requested })
    assert.deepEqual(usage?.[0]?.tools, { web_search: 1 })
  })
})

describe('an incomplete chat stream', () => {
  it('has its model and tier', () => {
    const choices = [{ index: 0, delta: { content: 'Hi' } }]
    const bytes = chunk({ choices, service_tier: 'priority', model: 'gpt-4.1-2025-04-14' })
    assert.deepEqual(measure(path, bytes).partial, { model: 'gpt-4.1-2025-04-14', tier: 'priority' })
  })

  it('has no usage', () => {
    const { usage, partial, ended, visibleBytes } = measure(path, text)
    assert.equal(usage, undefined)
    assert.deepEqual(partial, { model: 'gpt-6-luna', tier: undefined })
    assert.equal(ended, false)
    assert.equal(visibleBytes, Buffer.byteLength('Hello “wörld”\n'))
  })

  it('has a usage after the usage frame', () => {
    const { usage, ended } = measure(path, text + usageFrame(totals(20, 9)))
    assert.equal(usage?.[0]?.output, 9)
    assert.equal(ended, false)
  })

  it('has a partial usage if more output was to follow', () => {
    const running = chunk({ choices: [{ index: 0, delta: { content: 'x' } }], usage: totals(20, 1) })
    const { usage, partial } = measure(path, running + delta('more'))
    assert.equal(usage, undefined)
    assert.equal(partial.input, 20)
  })

  it('has a partial usage if output followed it', () => {
    const words = delta('word ').repeat(60)
    for (const end of ['', done]) {
      const measured = measure(path, chunk({ choices: [], usage: totals(20, 1) }) + words + end)
      assert.equal(measured.usage, undefined)
      assert.deepEqual([measured.partial.input, measured.partial.output, measured.visibleBytes], [20, 1, 300])
    }
    const running = words + chunk({ choices: [{ index: 0, delta: { content: 'x' } }], usage: totals(20, 61) })
    assert.equal(measure(path, running + done).usage?.[0]?.output, 61)
  })

  it('costs nothing if it is only an error', () => {
    const error = chunk({ error: { code: 'server_error' } })
    const empty = chunk({ choices: [], prompt_filter_results: [] })
    const begun = chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] })
    const refused = (bytes: string) => measure(path, bytes).refused
    for (const bytes of [error, `: ping\n\n${error}`, empty + error, error + done])
      assert.equal(refused(bytes), true)
    assert.equal(
      refused(chunk({ error: 'x', choices: [{ delta: { content: '' }, finish_reason: 'error' }] })),
      true,
    )
    for (const bytes of [begun + error, text + error, text, chunk({ error: 'x', usage: totals(5, 0) })])
      assert.equal(refused(bytes), false)
  })

  it('may report its usage beside its error', () => {
    const error = { code: 400, message: 'of org-1234' }
    const bytes = text + chunk({ choices: [], error, usage: totals(20, 10) }) + done
    const { usage, failed } = measure(path, bytes)
    assert.equal(usage?.[0]?.output, 10)
    assert.equal(failed, '400')
    assert.equal(
      measure(path, `${text}data: {"error":{"type":"server_error","code":null}}\n\n`).failed,
      'server_error',
    )
  })

  it('is complete with its last line, also without a blank line', () => {
    const measured = measure(path, text + usageFrame(totals(20, 9)) + done.trimEnd())
    assert.equal(measured.ended, true)
    assert.equal(measured.midFrame, true)
  })
})

describe('usage of a chat that is invalid', () => {
  for (const usage of [
    {},
    { prompt_tokens: 5 },
    totals(5, -1),
    totals(5, 0.5),
    { ...totals(5, 5), prompt_tokens: '5' },
  ])
    it(`is no usage: ${JSON.stringify(usage)}`, () => {
      assert.equal(measure(path, text + usageFrame(usage) + done).usage, undefined)
    })
})

describe('a chat of a compatible server', () => {
  const partOf = (usage: object, more: object = {}) =>
    measure(path, text + chunk({ choices: [], usage, ...more }) + done).usage?.[0]

  it('may report its cached input by another name', () => {
    for (const name of ['cached_tokens', 'num_cached_tokens', 'prompt_cache_hit_tokens'])
      for (const details of [undefined, null, { cached_tokens: 0 }, { cached_tokens: 15 }]) {
        const found = partOf(totals(20, 9, { [name]: 15, prompt_tokens_details: details }))
        assert.deepEqual([found?.input, found?.cacheRead], [5, 15], name)
      }
    assert.equal(partOf(totals(20, 9, { cached_tokens: 'many' })), undefined)
  })

  it('may report its usage by the names of Responses', () => {
    const found = partOf({ input_tokens: 20, input_tokens_details: { cached_tokens: 5 }, output_tokens: 9 })
    assert.deepEqual([found?.input, found?.cacheRead, found?.output], [15, 5, 9])
  })

  it('may report less than its total, and the difference is output', () => {
    const hidden = { prompt_tokens: 66, completion_tokens: 6, total_tokens: 100 }
    assert.deepEqual([partOf(hidden)?.input, partOf(hidden)?.output], [66, 34])
    assert.equal(measure(path, text + chunk({ choices: [], usage: hidden }) + done).unnamedTokens, 28)
    const reasoned = { ...hidden, completion_tokens_details: { reasoning_tokens: 10 } }
    assert.deepEqual([partOf(reasoned)?.output, partOf(reasoned)?.reasoning], [34, 10])
    for (const total_tokens of [0, 72, 'many', null, -5])
      assert.equal(partOf({ ...hidden, total_tokens })?.output, 6)
  })

  it('may report cached tokens beside its input', () => {
    const beside = (prompt: number, total: number, cached = 161) => {
      const details = { prompt_tokens_details: { cached_tokens: cached } }
      const found = partOf({ prompt_tokens: prompt, completion_tokens: 5, total_tokens: total, ...details })
      return [found?.input, found?.cacheRead, found?.output]
    }
    assert.deepEqual(beside(24, 29), [24, 161, 5])
    assert.deepEqual(beside(24, 190), [24, 161, 5])
    assert.deepEqual(beside(24, 200), [24, 161, 15])
    assert.deepEqual(beside(200, 366), [200, 161, 5])
    assert.deepEqual(beside(200, 205), [39, 161, 5])
  })

  it('may report its cost', () => {
    const stated = (usage: object) =>
      measure(path, text + chunk({ choices: [], usage: { ...totals(20, 9), ...usage } }) + done).statedNanos
    assert.equal(stated({ cost: 0.00597 }), 5_970_000)
    assert.equal(stated({ cost: '0.25' }), 250_000_000)
    assert.equal(stated({ cost: { input_tokens_cost: 1e-6, total_cost: 0.005 } }), 5_000_000)
    assert.equal(stated({ estimated_cost: 0 }), 0)
    for (const cost of [null, -1, 'much', '', {}, Number.MAX_VALUE]) assert.equal(stated({ cost }), undefined)
  })

  it('may report its searches; without a report a request for a search costs one', () => {
    const requested = smallRequest(path, { tools: [{ type: 'openrouter:web_search' }] })
    const tools = (usage: object) =>
      measure(path, text + usageFrame(totals(20, 9, usage)) + done, { requested }).usage?.[0]?.tools
    assert.deepEqual(tools({}), { web_search: 1 })
    assert.deepEqual(tools({ server_tool_use: { web_search_requests: 3 } }), { web_search: 3 })
  })

  it('may have a tier by another spelling, or none', () => {
    for (const tier of ['', ' ', null])
      assert.equal(partOf(totals(20, 9), { service_tier: tier })?.tier, undefined)
    assert.equal(partOf(totals(20, 9), { service_tier: 'ON_DEMAND' })?.tier, 'on_demand')
  })
})

describe('cache writes with a requested lifetime of half a day', () => {
  it('have this lifetime, unless the response reports another', () => {
    const requested = smallRequest(path, { prompt_cache_options: { ttl: '12h' } })
    const written = (details: object) => {
      const bytes = usageFrame(totals(100, 1, { prompt_tokens_details: details })) + done
      const { input, cacheWrite1h, cacheWriteOther } =
        measure(path, bytes, { requested }).usage?.[0] ?? assert.fail()
      return { input, cacheWrite1h, cacheWriteOther }
    }
    assert.deepEqual(written({ cache_write_tokens: 90 }), { input: 10, cacheWrite1h: 90, cacheWriteOther: 0 })
    assert.deepEqual(
      written({
        cache_write_tokens: 90,
        cache_write_tokens_details: { ttl_30m_tokens: 50, ttl_12h_tokens: 40 },
      }),
      { input: 10, cacheWrite1h: 40, cacheWriteOther: 50 },
    )
  })
})

describe('a whole completion', () => {
  it('is charged with its reported usage, for any chunks', () => {
    const usage = totals(20, 9, { prompt_tokens_details: { cached_tokens: 5 } })
    const body = JSON.stringify({
      model,
      choices: [{ message: { content: 'Hi' } }],
      usage,
      service_tier: 'default',
    })
    for (const size of [1, 7, 65_536]) {
      const measured = measure(path, body, { stream: false, size })
      assert.deepEqual(measured.usage, [part({ model, tier: 'default', input: 15, cacheRead: 5, output: 9 })])
      assert.equal(measured.ended, true)
    }
  })

  it('reports an error inside it', () => {
    const { failed, ended } = measure(path, '{"error":{"message":"no","code":"insufficient_quota"}}', {
      stream: false,
    })
    assert.equal(failed, 'insufficient_quota')
    assert.equal(ended, true)
  })

  it('costs nothing if it is only an error', () => {
    const refused = (body: object) => measure(path, JSON.stringify(body), { stream: false }).refused
    const error = { message: 'no' }
    for (const body of [{ error }, { error, choices: [] }, { error, usage: null }])
      assert.equal(refused(body), true)
    for (const body of [{ error, choices: [{}] }, { error, usage: totals(5, 0) }, {}])
      assert.equal(refused(body), false)
  })
})

describe('a response of embeddings', () => {
  it('is charged with its reported usage', () => {
    const body =
      '{"object":"list","data":[{"embedding":"AAAA"}],"model":"m-2","usage":{"prompt_tokens":8,"total_tokens":8}}'
    assert.deepEqual(measure('/v1/embeddings', body, { stream: false }).usage, [
      part({ model: 'm-2', input: 8 }),
    ])
  })
})
