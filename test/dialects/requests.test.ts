import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isRefusal } from '../../src/errors.ts'
import { type Path, parse } from './streams.ts'

const ok = {
  '/v1/messages': { model: 'claude-haiku-4-5', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] },
  '/v1/messages/count_tokens': { model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'hi' }] },
  '/v1/chat/completions': { model: 'gpt-6-luna', messages: [{ role: 'user', content: 'hi' }] },
  '/v1/responses': { model: 'gpt-6-luna', input: 'hi' },
  '/v1/embeddings': { model: 'text-embedding-3-small', input: 'hi' },
} satisfies Record<Path, object>

const messages: Path = '/v1/messages'
const chat: Path = '/v1/chat/completions'
const responses: Path = '/v1/responses'
const embeddings: Path = '/v1/embeddings'

const endless = Number.POSITIVE_INFINITY
const wrongFields: [path: Path, field: string, value: unknown, says: RegExp][] = [
  [messages, 'model', undefined, /model is missing; expected the name/],
  [messages, 'model', 7, /model is 7/],
  [messages, 'model', '', /model is ""/],
  [messages, 'model', 'x'.repeat(300), /model is "x{40}…"/],
  [messages, 'stream', 'yes', /stream is "yes"; expected true or false/],
  [messages, 'max_tokens', -1, /max_tokens is -1; expected a whole number, 0 or more/],
  [messages, 'max_tokens', 'ten', /max_tokens is "ten"/],
  [messages, 'max_tokens', 1.5, /max_tokens is 1.5/],
  [messages, 'max_tokens', endless, /max_tokens is Infinity/],
  [messages, 'max_tokens', 1e300, /max_tokens is 1e\+300/],
  [chat, 'n', 129, /n is 129; expected a whole number from 1 to 128/],
  [messages, 'messages', 'hi', /messages is "hi"; expected a list/],
  [messages, 'system', 5, /system is 5; expected a string or a list/],
  [messages, 'tools', {}, /tools is an object; expected a list/],
  [messages, 'tools', ['x'], /tools\.0 is "x"; expected an object/],
  [messages, 'tools', [{ type: 5 }], /tools\.0\.type is 5/],
  [messages, 'thinking', 'hard', /thinking is "hard"/],
  [messages, 'service_tier', 5, /service_tier is 5/],
  [messages, 'speed', true, /speed is true/],
  [messages, 'inference_geo', ['us'], /inference_geo is a list/],
  [messages, 'context_management', [], /context_management is a list/],
  ['/v1/messages/count_tokens', 'model', null, /model is null/],
  [chat, 'max_completion_tokens', 0, /max_completion_tokens is 0; expected a whole number, 1 or more/],
  [chat, 'max_tokens', '5', /max_tokens is "5"/],
  [chat, 'n', 0, /n is 0/],
  [chat, 'n', 'two', /n is "two"/],
  [chat, 'stream', 1, /stream is 1/],
  [chat, 'stream_options', 'usage', /stream_options is "usage"; expected an object/],
  [chat, 'stream_options', { include_usage: 1 }, /stream_options\.include_usage is 1/],
  [chat, 'store', 'no', /store is "no"/],
  [chat, 'prompt_cache_key', 5, /prompt_cache_key is 5/],
  [chat, 'tools', [{}], /tools\.0\.type is missing/],
  [chat, 'messages', { 0: 'hi' }, /messages is an object/],
  [responses, 'input', 5, /input is 5/],
  [responses, 'max_output_tokens', -5, /max_output_tokens is -5/],
  [responses, 'background', 'yes', /background is "yes"/],
  [responses, 'store', 0, /store is 0/],
  [responses, 'reasoning', 'high', /reasoning is "high"/],
  [embeddings, 'input', 5, /input is 5/],
  [embeddings, 'input', { text: 'hi' }, /input is an object/],
]

describe('a request with a field of the wrong type', () => {
  for (const [path, field, value, says] of wrongFields) {
    it(`is refused with the name of the field: ${path} ${field} ${String(JSON.stringify(value)).slice(0, 40)}`, () => {
      const raw = JSON.stringify({ ...ok[path], [field]: value }).replace(
        'null',
        value === endless ? '1e400' : 'null',
      )
      const error = refused(path, raw)

      assert.equal(error.code, 'invalid_request')
      assert.match(error.message, says)
      const { param } = error.details
      assert.equal(typeof param === 'string' && (param === field || param.startsWith(`${field}.`)), true)
    })
  }

  it('is not quoted in the log', () => {
    const error = refused(messages, JSON.stringify({ ...ok[messages], max_tokens: 'the secret' }))
    assert.match(error.message, /the secret/)
    assert.match(String(error.reason), /max_tokens is a string/)
    assert.doesNotMatch(String(error.reason), /secret/)
  })
})

describe('a body that is not a JSON object', () => {
  for (const body of ['[]', '"hi"', 'null', '5', 'true'])
    it(`is refused: ${body}`, () => {
      for (const path of [messages, chat, responses, embeddings])
        assert.match(refused(path, body).message, /expected a JSON object/)
    })
})

describe('a request that can be read in two ways', () => {
  const repeated: [path: Path, raw: string, param: string][] = [
    [messages, '{"model":"a","max_tokens":5,"model":"b","messages":[]}', 'model'],
    [messages, '{"model":"a","max_tokens":5,"mod\\u0065l":"b","messages":[]}', 'model'],
    [messages, '{"model":"a","max_tokens":5,"Model":"b","messages":[]}', 'model'],
    [messages, '{"model":"a","max_tokens":5,"\\u017ftream":true,"messages":[]}', 'stream'],
    [messages, '{"model":"a","max_tokens":5,"messages":[],"max_tokens":6}', 'max_tokens'],
    [messages, '{"model":"a","messages":[{"role":"user","content":"hi","content":[]}]}', 'messages'],
    [
      messages,
      '{"model":"a","messages":[],"tools":[{"type":"custom","type":"web_search_20260318"}]}',
      'tools',
    ],
    [chat, '{"model":"a","messages":[],"n":1,"n":100}', 'n'],
    [chat, '{"model":"a","stream_options":{"include_usage":true,"include_usage":false}}', 'stream_options'],
    [responses, '{"model":"a","input":"x","store":false,"store":true}', 'store'],
    [responses, '{"model":"a","input":"x","background":false,"background":true}', 'background'],
    [embeddings, '{"model":"a","input":"x","input":["y"]}', 'input'],
  ]
  for (const [path, raw, param] of repeated) {
    it(`is refused: ${raw}`, () => {
      const error = refused(path, raw)
      assert.equal(error.code, 'invalid_request')
      assert.equal(error.details.param, param)
      assert.match(error.message, /read in two ways/)
    })
  }

  it('passes if the gateway does not read the member', () => {
    const raw = '{"model":"a","metadata":{"x":1,"x":2},"temperature":0,"temperature":1,"messages":[]}'
    assert.equal(parse(messages, raw).model, 'a')
    assert.equal(parse(chat, raw).model, 'a')
  })
})

describe('a deeply nested request', () => {
  it('passes at the depth of real prompts', () => {
    const deep = `${'['.repeat(500)}1${']'.repeat(500)}`
    assert.equal(parse(chat, `{"model":"a","messages":[{"content":${deep}}]}`).model, 'a')
  })
})

describe('a request', () => {
  it('is parsed to its members', () => {
    const body = { ...ok[messages], stream: true, max_tokens: 0, service_tier: 'auto', speed: 'fast' }
    const parsed = parse(messages, { ...body, inference_geo: 'us' })
    const { inputGuess: _, ...requested } = parsed
    assert.equal(parsed.predicted, 0)
    assert.deepEqual(requested, {
      model: 'claude-haiku-4-5',
      stream: true,
      maxOutputTokens: 0,
      images: 0,
      textBytes: JSON.stringify({ ...body, inference_geo: 'us' }).length,
      unseen: false,
      completions: 1,
      hasOutput: true,
      cacheWrite: 'none',
      tier: 'auto',
      speed: 'fast',
      geo: 'us',
      hiddenOutput: false,
      unbounded: [],
      wantsUsageFrame: true,
      stores: false,
      recalls: undefined,
      promptCacheKey: undefined,
    })
  })

  it('may omit optional members or set them to null', () => {
    for (const path of Object.keys(ok) as Path[]) {
      const bare = parse(path, { model: 'm' })
      const nulls = parse(path, {
        model: 'm',
        stream: null,
        max_tokens: null,
        n: null,
        store: null,
        tools: null,
      })
      for (const requested of [bare, nulls]) {
        assert.equal(requested.maxOutputTokens, undefined)
        assert.equal(requested.stream, false)
        assert.equal(requested.completions, 1)
      }
    }
  })

  it('is not changed by a `__proto__` member', () => {
    const raw =
      '{"__proto__":{"model":"x","stream":true},"constructor":{"prototype":{}},"model":"m","messages":[]}'
    const requested = parse(chat, raw)
    assert.equal(requested.model, 'm')
    assert.equal(requested.stream, false)
    assert.equal(({} as Record<string, unknown>).stream, undefined)
    for (const type of ['__proto__', 'constructor', 'toString'])
      assert.equal(parse(chat, { model: 'm', messages: [{ content: [{ type }] }] }).inputBound, endless)
  })

  it('has the larger of two ceilings', () => {
    assert.equal(parse(chat, { ...ok[chat], max_tokens: 5, max_completion_tokens: 9 }).maxOutputTokens, 9)
    assert.equal(parse(chat, { ...ok[chat], max_tokens: 50, max_completion_tokens: 9 }).maxOutputTokens, 50)
    assert.equal(parse(chat, { ...ok[chat], max_tokens: null, max_completion_tokens: 9 }).maxOutputTokens, 9)
    assert.equal(parse(responses, { ...ok[responses], max_output_tokens: 7 }).maxOutputTokens, 7)
    for (const path of [messages, chat, responses]) {
      const names = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']
      for (const name of names) {
        const small = Object.fromEntries(names.map(one => [one, one === name ? 90 : 5]))
        assert.equal(parse(path, { ...ok[path], ...small }).maxOutputTokens, 90, `${path} ${name}`)
      }
    }
    assert.equal(
      parse(responses, { ...ok[responses], max_tokens: 5 }).maxOutputTokens,
      undefined,
      'not its own name',
    )
  })

  it('gets the usage frame only on request', () => {
    const wants = (options: unknown) =>
      parse(chat, { ...ok[chat], stream: true, stream_options: options }).wantsUsageFrame
    assert.equal(wants(undefined), false)
    assert.equal(wants({ include_obfuscation: false }), false)
    assert.equal(wants({ include_usage: false }), false)
    assert.equal(wants({ include_usage: true }), true)
  })

  it('stores on request, and on Responses by default', () => {
    assert.equal(parse(chat, ok[chat]).stores, false)
    assert.equal(parse(chat, { ...ok[chat], store: true }).stores, true)
    assert.equal(parse(responses, ok[responses]).stores, true)
    assert.equal(parse(responses, { ...ok[responses], store: null }).stores, true)
    assert.equal(parse(responses, { ...ok[responses], store: false }).stores, false)
  })

  it('has hidden output if it asks for reasoning', () => {
    const hides = (path: Path, more: object) => parse(path, { ...ok[path], ...more }).hiddenOutput
    assert.equal(hides(messages, {}), false)
    assert.equal(hides(messages, { thinking: { type: 'disabled' } }), false)
    assert.equal(hides(messages, { thinking: { type: 'adaptive' } }), true)
    assert.equal(hides(messages, { thinking: { type: 'enabled', budget_tokens: 2048 } }), true)
    assert.equal(hides(chat, {}), false)
    assert.equal(hides(chat, { reasoning_effort: 'none' }), false)
    assert.equal(hides(chat, { reasoning_effort: 'low' }), true)
    assert.equal(hides(chat, { prediction: { type: 'content', content: 'x' } }), true)
    assert.equal(hides(responses, { reasoning: { effort: 'none' } }), false)
    assert.equal(hides(responses, { reasoning: { effort: 'high' } }), true)
  })

  it('has hidden output with the parameter of any provider on any route', () => {
    const on = [
      { thinking: { type: 'enabled', budget_tokens: 2048 } },
      { reasoning: { effort: 'high' } },
      { reasoning: { max_tokens: 2000 } },
      { reasoning_effort: 'low' },
      { enable_thinking: true },
    ]
    const off = [
      { thinking: { type: 'disabled' } },
      { thinking: null },
      { reasoning: { effort: 'none' } },
      { reasoning: { enabled: false } },
      { reasoning: { effort: null, summary: null } },
      { reasoning_effort: 'none' },
      { enable_thinking: false },
    ]
    for (const path of [messages, chat, responses]) {
      const hidden = (more: object) => parse(path, { ...ok[path], ...more }).hiddenOutput
      for (const more of on) assert.equal(hidden(more), true, `${path} ${JSON.stringify(more)}`)
      for (const more of off) assert.equal(hidden(more), false, `${path} ${JSON.stringify(more)}`)
    }
  })

  it('has a prediction of at most its bytes', () => {
    const prediction = { type: 'content', content: 'x'.repeat(5000) }
    for (const path of [messages, chat, responses]) {
      const predicted = (one: unknown) => parse(path, { ...ok[path], prediction: one }).predicted
      assert.equal(predicted(prediction), JSON.stringify(prediction).length)
      assert.deepEqual([predicted(null), predicted(undefined)], [0, 0])
    }
  })

  it('has no output on routes without output', () => {
    assert.equal(parse('/v1/messages/count_tokens', ok['/v1/messages/count_tokens']).hasOutput, false)
    assert.equal(parse(embeddings, ok[embeddings]).hasOutput, false)
  })
})

describe('the number of completions', () => {
  const names = [
    'n',
    'best_of',
    'num_completions',
    'num_generations',
    'num_return_sequences',
    'candidate_count',
  ]

  it('is read under every name on every route that generates text', () => {
    for (const path of [messages, chat, responses]) {
      const completions = (more: object) => parse(path, { ...ok[path], ...more }).completions
      for (const name of names) assert.equal(completions({ [name]: 50 }), 50, `${path} ${name}`)
      assert.equal(completions({ n: 3, best_of: 20 }), 20)
      assert.equal(completions({ n: 3, best_of: null }), 3)
      assert.equal(completions({ n: 3, extra_body: { best_of: 7 } }), 7)
      for (const name of names)
        assert.throws(() => completions({ [name]: 129 }), /a whole number from 1 to 128/, `${path} ${name}`)
    }
  })
})

describe('speed and inference_geo', () => {
  it('are read on every route that generates text', () => {
    for (const path of [messages, chat, responses]) {
      const { speed, geo } = parse(path, { ...ok[path], speed: 'fast', inference_geo: 'us' })
      assert.deepEqual([speed, geo], ['fast', 'us'])
    }
  })
})

describe('the most expensive cache write', () => {
  const user = (more: object) => [{ role: 'user', content: [{ type: 'text', text: 'hi', ...more }] }]
  const claude = (more: object) => parse(messages, { ...ok[messages], ...more }).cacheWrite
  const control = (ttl?: string) => ({ cache_control: { type: 'ephemeral', ...(ttl && { ttl }) } })

  it('is the longest lifetime in any part of an Anthropic request', () => {
    assert.equal(claude({}), 'none')
    assert.equal(claude(control()), '5m')
    assert.equal(claude(control('1h')), '1h')
    assert.equal(claude({ messages: user(control('5m')) }), '5m')
    assert.equal(claude({ ...control(), messages: user(control('1h')) }), '1h')
    assert.equal(claude({ system: [{ type: 'text', text: 'be kind', ...control('1h') }] }), '1h')
    assert.equal(claude({ tools: [{ name: 'x', ...control() }] }), '5m')
    assert.equal(claude(control('24h')), '1h', 'one that is not known yet')
  })

  it('is made unasked by OpenAI for half an hour, or half a day on request', () => {
    const gpt = (more: object) => parse(chat, { ...ok[chat], ...more }).cacheWrite
    const breakpoint = { prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' } }
    assert.equal(gpt({}), 'other')
    assert.equal(gpt({ prompt_cache_options: { ttl: '30m' } }), 'other')
    assert.equal(gpt({ prompt_cache_options: { ttl: '12h' } }), '1h')
    assert.equal(gpt({ messages: user(breakpoint) }), '1h')
    assert.equal(parse(responses, { model: 'm', input: user(breakpoint) }).cacheWrite, '1h')
    assert.equal(parse(embeddings, ok[embeddings]).cacheWrite, 'none')
  })

  it('is requested by the parameters of either provider on the routes of either', () => {
    assert.equal(claude({ prompt_cache_options: { ttl: '12h' } }), '1h')
    assert.equal(claude({ prompt_cache_options: { ttl: '30m' } }), '5m')
    assert.equal(parse(chat, { ...ok[chat], messages: user(control('1h')) }).cacheWrite, '1h')
    assert.equal(parse(chat, { ...ok[chat], messages: user(control()) }).cacheWrite, 'other')
    assert.equal(parse(responses, { model: 'm', input: user(control('1h')) }).cacheWrite, '1h')
  })
})

describe('the time to read nested lists', () => {
  const parts = Array(90_000).fill('{}').join()
  const nested = (levels: number) => `${'['.repeat(levels)}${parts}${']'.repeat(levels)}`
  const members: [path: Path, member: string, read: (list: string) => string][] = [
    [messages, 'messages', list => `[{"role":"user","content":${list}}]`],
    [chat, 'messages', list => `[{"role":"user","content":${list}}]`],
    [responses, 'input', list => list],
    [chat, 'context_management', list => list],
  ]
  for (const [path, member, read] of members) {
    it(`does not depend on their depth: ${path} ${member}`, () => {
      const time = (levels: number) => {
        const raw = JSON.stringify({ ...ok[path], [member]: null }).replace('null', read(nested(levels)))
        const before = process.cpuUsage()
        parse(path, raw)
        return process.cpuUsage(before).user
      }
      const flat = Math.max(time(1), time(1))
      assert.ok(time(500) < 10 * flat)
    })
  }
})

function refused(path: Path, raw: string) {
  try {
    parse(path, raw)
  } catch (error) {
    if (isRefusal(error)) return error
    throw error
  }
  return assert.fail(`${raw} was taken`)
}
