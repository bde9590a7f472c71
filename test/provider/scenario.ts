/** The simulated provider's handling of one call, and its directives: `delay 200ms, die after 3`. */

/** Tokens the provider says it used. All are disjoint, except `reasoning`, a part of `output`. */
export interface Counts {
  input: number
  cacheRead: number
  cacheWrite5m: number
  cacheWrite1h: number
  output: number
  reasoning: number
  searches: number
}

/** The fields of an API's error response. */
export interface Failure {
  status: number
  /** The provider's own code, such as `enforced_spend_limit_reached`. */
  code?: string | undefined
  retryAfter?: number | undefined
  /** Instead of the body that belongs to status and code. */
  body?: string | undefined
  headers?: Record<string, string>
}

/** How usage is reported: as documented; not at all; rightly only at a stream's end; in parts; reasoning on top of output. */
const reports = ['plain', 'none', 'corrected', 'iterations', 'outside'] as const
/** 200 with an invalid response: another type, broken JSON, a wrong type, a cut gzip stream, nothing, broken frames. */
const nonsenses = ['html', 'json', 'type', 'gzip', 'empty', 'frames'] as const

/** Output tokens at the pace of a model. Those of the first `reasoningSeconds` are never shown. */
export interface Generation {
  tokensPerSecond: number
  seconds: number
  reasoningSeconds: number
}

export interface Scenario {
  /** Milliseconds before the response begins. */
  delay: number
  /** The response waits until `release` is called with this name. */
  hold: string | undefined
  /** Text deltas of a stream; undefined: three. */
  chunks: number | undefined
  /** Milliseconds between two of them. */
  gap: number
  /** Text in the response, 2^20 bytes each. */
  megabytes: number
  /** Instead of `chunks`, `gap`, `megabytes` and `split`; undefined: the whole response is sent at once. */
  generation: Generation | undefined
  /** Bytes per write, wherever that cuts a frame or a letter. */
  split: number | undefined
  counts: Partial<Counts>
  report: (typeof reports)[number]
  /** Model and service tier in the response, for any request. */
  model: string | undefined
  tier: string | undefined
  failure: Failure | undefined
  nonsense: (typeof nonsenses)[number] | undefined
  /**
   * `unread`: closed before the request's body is read; `silent`: no response; `reset`: headers, then a TCP
   * reset. Part way through the body: `die` cuts the connection, `eof` ends it cleanly, `stall` waits for `stallMs`
   * or for ever, `error` ends a stream with the API's error event.
   */
  ending: 'whole' | 'unread' | 'silent' | 'reset' | 'die' | 'eof' | 'stall' | 'error'
  /** Where: after so many text deltas of a stream, or bytes of a JSON response; undefined: half way. */
  after: number | undefined
  stallMs: number | undefined
}

export const ordinary: Scenario = {
  delay: 0,
  hold: undefined,
  chunks: undefined,
  gap: 0,
  megabytes: 0,
  generation: undefined,
  split: undefined,
  counts: {},
  report: 'plain',
  model: undefined,
  tier: undefined,
  failure: undefined,
  nonsense: undefined,
  ending: 'whole',
  after: undefined,
  stallMs: undefined,
}

/** Each directive, with what may follow its name. */
const directives: Record<string, (rest: string) => Partial<Scenario>> = {
  ok: () => ({}),
  delay: rest => ({ delay: amount(rest, 'ms') ?? 0 }),
  hold: rest => ({ hold: rest }),
  silent: () => ({ ending: 'silent' }),
  unread: () => ({ ending: 'unread' }),
  reset: () => ({ ending: 'reset' }),
  die: rest => ({ ending: 'die', after: following(rest, 'after') }),
  eof: rest => ({ ending: 'eof', after: following(rest, 'after') }),
  stall: rest => ({ ending: 'stall', after: following(rest, 'after'), stallMs: amount(rest, 'ms') }),
  error: rest => ({ ending: 'error', after: following(rest, 'after') }),
  status: rest => ({ failure: failure(rest) }),
  nonsense: rest => ({ nonsense: nonsenses.find(kind => kind === rest) ?? 'html' }),
  'slow-stream': rest => ({ chunks: amount(rest, 'chunks?'), gap: amount(rest, 'ms') ?? 0 }),
  huge: rest => ({ megabytes: amount(rest, 'MB') ?? 1 }),
  generate: rest => ({ generation: generation(rest) }),
  split: rest => ({ split: amount(rest, 'bytes?') ?? 1 }),
  usage: rest => ({ counts: counts(rest), report: reports.find(kind => rest.includes(kind)) ?? 'plain' }),
  model: rest => ({ model: rest }),
  tier: rest => ({ tier: rest }),
}

/** Reads directives separated by commas, such as `usage 1000 in 50 out, slow-stream 5 chunks 20ms`. */
export function scenario(text: string): Scenario {
  const parts = text.split(',').map(directive => {
    const [, name = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(directive) ?? []
    const read = directives[name]
    if (read) return read(rest)
    throw new Error(`the simulated provider knows no '${name}', only ${Object.keys(directives).join(', ')}`)
  })
  return Object.assign({}, ordinary, ...parts)
}

const opening = '[[scenario:'

/** The scenario that a prompt asks for, as in `[[scenario: die after 3]]`: the last one, which is the newest message's. */
export function scenarioIn(body: Buffer): Scenario | undefined {
  const start = body.lastIndexOf(opening)
  if (start < 0) return undefined
  const end = body.indexOf(']]', start)
  return scenario(body.toString('utf8', start + opening.length, end < 0 ? body.length : end))
}

/** The number before a unit: `20ms`, `5 chunks`. */
function amount(text: string, unit: string): number | undefined {
  const found = new RegExp(`(\\d+)\\s*${unit}\\b`, 'i').exec(text)
  return found ? Number(found[1]) : undefined
}

/** The number after a word: `after 3`. */
function following(text: string, word: string): number | undefined {
  const found = new RegExp(`\\b${word} (\\d+(?:\\.\\d+)?)`).exec(text)
  return found ? Number(found[1]) : undefined
}

/** `60 tokens/s for 30 s`, `60 tokens/s for 30 s reasoning 10 s` */
function generation(text: string): Generation {
  return {
    tokensPerSecond: amount(text, 'tokens/s') ?? 60,
    seconds: following(text, 'for') ?? 10,
    reasoningSeconds: following(text, 'reasoning') ?? 0,
  }
}

/** `429 retry-after 7`, `402 linked_organization_billing_unavailable` */
function failure(text: string): Failure {
  const [status, ...words] = text.split(/\s+/)
  return {
    status: Number(status),
    code: words.find(word => word.includes('_')),
    retryAfter: following(text, 'retry-after'),
  }
}

const units: Record<keyof Counts, string> = {
  input: 'in',
  cacheRead: 'read',
  cacheWrite5m: 'write5m',
  cacheWrite1h: 'write1h',
  output: 'out',
  reasoning: 'reasoning',
  searches: 'search(es)?',
}

function counts(text: string): Partial<Counts> {
  const named = Object.entries(units).map(([name, unit]) => [name, amount(text, unit)])
  return Object.fromEntries(named.filter(([, count]) => count !== undefined))
}
