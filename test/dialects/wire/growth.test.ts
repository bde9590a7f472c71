/** The work on a body must grow no faster than the body, whatever a caller puts into it. */

// biome-ignore assist/source/organizeImports: the counters start first.
import { stepsOf } from '../../steps.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Edits } from '../../../src/dialects/dialect.ts'
import { growthOf } from '../../../src/dialects/wire/growth.ts'
import { scanWithinLimits } from '../../../src/dialects/wire/json-limits.ts'
import { isRefusal } from '../../../src/errors.ts'
import { dialect, measure, type Path } from '../streams.ts'

const text = JSON.stringify
const list = (one: (i: number) => string, times: number) =>
  `[${Array.from({ length: times }, (_, i) => one(i)).join(',')}]`
const object = (times: number) => `{${Array.from({ length: times }, (_, i) => `"key ${i}":1`).join(',')}}`

/** A value of about `n` parts or characters, as JSON. */
const hostile: Record<string, (n: number) => string> = {
  'a run of combining marks': n => text(`a${'\u0301\u0323'.repeat(n)}`),
  'combining marks from the last class to the first': n =>
    text(`a${'\u0345'.repeat(n)}${'\u0334'.repeat(n)}`),
  'marks that are written as escapes': n => `"a${'\\u0301\\u0323'.repeat(n)}"`,
  'letters that are normalised to marks': n => text('\uff9e\u0323'.repeat(n)),
  'marks that are normalised to two': n => text('\u0f73'.repeat(n)),
  'many short runs of marks': n => text(`a${'\u0301\u0323'.repeat(20)}`.repeat(n / 20)),
  'ligatures that get eleven times longer': n => text('ﷺ'.repeat(n)),
  'pairs of surrogates': n => text('\u{1d15e}'.repeat(n)),
  'half pairs of surrogates': n => `"${'\\ud834'.repeat(n)}"`,
  'escaped quotes': n => `"${'\\"'.repeat(n)}"`,
  backslashes: n => `"${'\\\\'.repeat(n)}"`,
  'many strings': n => list(() => '"\\""', n),
  'many numbers': n => list(() => '1', n),
  'many lists': n => list(() => '[]', n),
  'many objects': n => list(() => '{}', n),
  'many keys in one object': object,
  'many keys in many objects': n => list(i => `{"key ${i}":{"é":"é"}}`, n),
  'one key again and again': n => `{${'"é":1,'.repeat(n)}"é":1}`,
  'lists in lists': n => list(() => `${'['.repeat(200)}1${']'.repeat(200)}`, n / 200),
  'blocks of text': n => list(() => '{"type":"text","text":"é","cache_control":{"type":"ephemeral"}}', n),
  'results of tools in results of tools': n =>
    list(() => `${'{"type":"tool_result","content":['.repeat(50)}1${']}'.repeat(50)}`, n / 50),
  'blocks of unknown kinds': n => list(i => `{"type":"kind ${i}","file_id":"x","more":{"image_url":"y"}}`, n),
  'images and files': n => list(() => '{"type":"input_image","file_id":"x"}', n),
  'messages in the place of blocks': n => list(() => '{"role":"user","content":{"type":"text"}}', n),
  'types of tools': n => list(i => `{"type":"bash_2025012${i % 10}"}`, n),
  'a type of a tool that nearly ends in a date': n => `[{"type":"${'_1234567'.repeat(n)}"}]`,
  whitespace: n => `{${' '.repeat(n)}"a"${'\t'.repeat(n)}:1}`,
}

const request: [path: Path, member: string, shapes: ((member: string, value: string) => string)[]][] = [
  ['/v1/messages', 'messages', [asValue, asMessage]],
  ['/v1/messages', 'system', [asValue]],
  ['/v1/messages', 'tools', [asValue]],
  ['/v1/messages', 'context_management', [asValue]],
  ['/v1/messages', 'an unknown member', [asValue, asMembers]],
  ['/v1/messages/count_tokens', 'messages', [asMessage]],
  ['/v1/chat/completions', 'messages', [asValue, asMessage]],
  ['/v1/chat/completions', 'tools', [asValue]],
  ['/v1/chat/completions', 'prediction', [asValue]],
  ['/v1/chat/completions', 'stream_options', [asValue]],
  ['/v1/responses', 'input', [asValue, asMessage]],
  ['/v1/responses', 'instructions', [asValue, asMessage]],
  ['/v1/responses', 'an unknown member', [asMembers]],
  ['/v1/embeddings', 'input', [asValue]],
  ['/v1/embeddings', 'an unknown member', [asValue, asMembers]],
]

/** Small enough to be counted quickly; a quadratic step shows all the same. */
const SIZE = 600
const TIMES = 4
/** Quadratic work would be 16 times as much. */
const MOST_TIMES = TIMES * 1.5

describe('the steps for a request grow no faster than its body', () => {
  for (const [path, member, shapes] of request) {
    it(`${path} ${member}`, () => {
      const bodies = Object.entries(hostile).flatMap(([title, value]) =>
        shapes.map(bodyOf => ({
          title: `${title} (${bodyOf.name})`,
          bodyOf: (n: number) => bodyOf(member, value(n)),
        })),
      )
      assertLinear(bodies.map(({ title, bodyOf }) => ({ title, run: n => reader(path, bodyOf(n)) })))
    })
  }
})

function asValue(member: string, value: string): string {
  return `{"model":"m","${member}":${value}}`
}

/** The members of an object stand beside the others. */
function asMembers(member: string, value: string): string {
  const inside = value.startsWith('{') ? value.slice(1, -1) : `"${member}":${value}`
  return `{"model":"m",${inside}}`
}

function asMessage(member: string, value: string): string {
  return `{"model":"m","${member}":[{"role":"user","content":${value}}]}`
}

/** All that is done with the body of a request. */
function reader(path: Path, body: string): () => void {
  const raw = Buffer.from(body)
  const { parse, counter, rewrite } = dialect(path)
  const edits: Edits = { maxOutputTokens: 5, includeUsage: true, noStore: true, promptCacheKey: 'x' }
  return () => {
    unlessRefused(() => scanWithinLimits(raw))
    unlessRefused(() => {
      const requested = parse(JSON.parse(body), raw)
      assert.ok(requested.inputBound >= 0 && requested.predicted >= 0)
      counter?.question(JSON.parse(body), requested)
    })
    rewrite(raw, edits)
  }
}

function unlessRefused(run: () => void) {
  try {
    run()
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}

/** The nesting of a long response is checked, so both sizes are long. */
const LONG = 'x'.repeat(65_536)

describe('the steps for a response grow no faster than the response', () => {
  const paths: Path[] = ['/v1/messages', '/v1/chat/completions', '/v1/responses', '/v1/embeddings']
  const shapes: [title: string, isStream: boolean, shape: (value: string) => string][] = [
    ['JSON', false, value => `{"id":"${LONG}","content":${value},"usage":{}}`],
    ['the data of one event', true, value => `event: x\ndata: {"type":"x","delta":${value}}\n\n`],
    ['an event without an end', true, value => `data: ${value}`],
  ]
  for (const path of paths) {
    for (const [title, stream, shape] of shapes.filter(
      ([, stream]) => !stream || path !== '/v1/embeddings',
    )) {
      it(`${path}: ${title}`, () => {
        assertLinear(
          Object.entries(hostile).map(([name, value]) => ({
            title: name,
            run: n => {
              const bytes = Buffer.from(shape(value(n)))
              return () => void measure(path, bytes, { stream, size: 100 })
            },
          })),
        )
      })
    }
  }
})

/** Of what is done once, whatever the input. */
const FIXED = 500

/** `run` prepares the work on an input of `n` parts. All are counted together, because each reading of the counters is slow. */
function assertLinear(inputs: { title: string; run: (n: number) => () => void }[]) {
  const steps = stepsOf(...inputs.flatMap(({ run }) => [run(SIZE), run(SIZE * TIMES)]))
  for (const [i, { title }] of inputs.entries()) {
    const [few = 0, many = 0] = steps.slice(2 * i)
    assert.ok(
      many <= few * MOST_TIMES + FIXED,
      `${title}: ${few} steps, ${many} for ${TIMES} times the input`,
    )
  }
}

describe('a text that is too long to be measured', () => {
  const marks = (times: number) => text('\u0301\u0323'.repeat(times))
  const bodies: [title: string, path: Path, bodyOf: (times: number) => string][] = [
    ['a prompt', '/v1/chat/completions', times => asMessage('messages', marks(times))],
    ['a prediction', '/v1/chat/completions', times => asValue('prediction', `{"content":${marks(times)}}`)],
    ['an input', '/v1/embeddings', times => asValue('input', marks(times))],
    [
      'a member beside the input',
      '/v1/embeddings',
      times => asMembers('input', `{"input":"x","more":${marks(times)}}`),
    ],
  ]
  for (const [title, path, bodyOf] of bodies) {
    it(`is not normalised: ${title}`, () => {
      const [measured = 0, unmeasured = 0] = stepsOf(
        ...[200_000, 1_000_000].map(times => reader(path, bodyOf(times))),
      )
      assert.ok(unmeasured < measured / 2, `${unmeasured} steps, ${measured} for a shorter text`)
    })
  }

  it('still has a bound for its prediction', () => {
    const body = asValue('prediction', `{"content":${marks(1_000_000)}}`)
    const { predicted } = dialect('/v1/chat/completions').parse(JSON.parse(body), Buffer.from(body))
    assert.equal(predicted, 11 * Buffer.byteLength(`{"content":${marks(1_000_000)}}`))
  })
})

describe('a normalised character', () => {
  it('is never longer than its bytes and the growth: alone, in a pair, after any letter, and before a mark', () => {
    const around = ['', 'a', '\u0301', '\uff9e', '\u1100', '\u1161', '\u11a8', '가', 'あ', '漢']
    for (let unit = 0; unit <= 0xffff; unit++) {
      const letter = String.fromCharCode(unit)
      for (const other of [letter, ...around]) {
        for (const pair of [letter + other, other + letter]) {
          const longer = Buffer.byteLength(pair.normalize('NFKC')) - Buffer.byteLength(pair)
          if (longer > 0) assert.ok(growthOf(pair, 1e6) >= longer, JSON.stringify(pair))
        }
      }
    }
  })

  it('has at most eleven times its bytes', () => {
    let most = 0
    for (let code = 0; code < 0x110000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue
      const one = String.fromCodePoint(code)
      most = Math.max(most, Buffer.byteLength(one.normalize('NFKD')) / Buffer.byteLength(one))
    }
    assert.equal(most, 11)
  })
})

describe('what normalising can add to a text', () => {
  const alphabet = [
    'a',
    'é',
    '\u0301',
    '\u0323',
    '\u0345',
    '\u0344',
    'ﷺ',
    '한',
    '\u1100',
    '\u1161',
    '\uff9e',
    'ㄱ',
    'ᾂ',
    '\u{1d15e}',
    '\ud834',
    'Ａ',
  ]
  const unit = fc.constantFrom(...alphabet)
  const normalizationGrowth = (value: string) => growthOf(value, Number.POSITIVE_INFINITY)

  it('is never more than the bound, for any start of the pieces', () => {
    fc.assert(
      fc.property(fc.string({ unit, minLength: 50, maxLength: 400 }), value => {
        const added = Buffer.byteLength(value.normalize('NFKC')) - Buffer.byteLength(value)
        assert.ok(normalizationGrowth(value) >= added)
      }),
      { seed: 27, numRuns: 3000 },
    )
  })

  it('is small for text in any language', () => {
    const sentences = [
      'Ça a été très agréable. ',
      'Привет, как дела? ',
      '漢字とかな。',
      '한국어 문장입니다. ',
      'Tiếng Việt. ',
      'नमस्ते दुनिया। ',
      'สวัสดีชาวโลก ',
    ]
    for (const sentence of sentences) {
      const value = sentence.repeat(1000)
      assert.ok(normalizationGrowth(value) <= 0.05 * Buffer.byteLength(value), sentence)
    }
  })

  it('is counted only up to the given limit', () => {
    const most = 1000
    const [few, many] = stepsOf(...[1e4, 1e5].map(n => () => void growthOf('ﷺ'.repeat(n), most)))
    assert.equal(few, many)
  })

  it('includes every character that is normalised to a mark', () => {
    const missed: string[] = []
    for (let code = 0; code < 0x110000; code++) {
      const one = String.fromCodePoint(code)
      const [first = ''] = one.normalize('NFKD')
      const isSorted = [`${first}\u0334`, `\u0345${first}`].some(pair => pair.normalize('NFD') !== pair)
      if (isSorted && !/[\p{M}\uff9e\uff9f]/u.test(one)) missed.push(code.toString(16))
    }
    assert.deepEqual(missed, [])
  })
})
