/** A large body is parsed in several turns of the event loop. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withTexts } from '../../src/dialects/wire/long-texts.ts'
import { isRefusal } from '../../src/errors.ts'
import { parseBody } from '../../src/requests/parse-body.ts'
import { nextTurn, turnDelay } from '../../src/requests/turns.ts'

const conversation = (content: unknown, times = 1) => ({
  model: 'm',
  messages: Array.from({ length: times }, () => ({ role: 'user', content })),
})
const bytes = (body: unknown) => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))

describe('a small body', () => {
  it('is parsed at once', () => {
    const body = conversation('x'.repeat(200_000))
    const parsed = parseBody(bytes(body))
    assert.ok('value' in parsed)
    assert.deepEqual(parsed.value, conversation(''))
    assert.deepEqual(withTexts(parsed.value, bytes(body), parsed.texts), body)
    assert.deepEqual(
      parsed.members.map(({ name }) => name),
      ['model', 'messages'],
    )
  })
})

describe('a large body', () => {
  const image = Buffer.alloc(2_300_000, 'image').toString('base64')
  const url = { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } }
  const legitimate: [title: string, body: unknown][] = [
    ['ten images in 31 MB', conversation(Array(10).fill(url))],
    [
      '8 MB of conversation',
      conversation('The "quick" brown fox\njumps over the lazy dog. '.repeat(10), 16_000),
    ],
    ['8 MB in one text', conversation('漢字とかな 😀 '.repeat(400_000))],
    ['a text that ends in an escape', conversation(`${'\n'.repeat(2_000_000)}é`)],
  ]
  for (const [title, body] of legitimate) {
    it(`is parsed in turns: ${title}`, async () => {
      const raw = bytes(body)
      const { result, turns } = await countTurns(parseBody(raw))
      assert.deepEqual(withTexts(result.value, raw, result.texts), body)
      assert.ok(turns >= 4, `${turns} turns`)
    })
  }

  it('is decoded in slices as in one piece, even if it is not UTF-8', async () => {
    for (let shift = 0; shift < 4; shift++) {
      const raw = Buffer.concat([
        bytes(`["${'x'.repeat(shift)}${'😀'.repeat(1_100_000)}`),
        Buffer.from([0xff, 0xc3]),
        bytes('"]'),
      ])
      const { value } = await parseBody(raw)
      assert.deepEqual(value, JSON.parse(raw.toString('utf8')))
    }
  })

  it('is refused with the reason', async () => {
    const refused: [body: string, says: RegExp][] = [
      [`{"a":"${'x'.repeat(12_000_000)}`, /not valid JSON/],
      [`{"a":${'1'.repeat(12_000_000)}}`, /more than 4,000,000 bytes outside strings/],
      [`{"a":"${'\\\\'.repeat(6_000_000)}"}`, /more than 3,000,000 backslashes/],
      [`{"a":{${'"k":1,'.repeat(2_000_000)}"k":1}}`, /an object of more than 10,000 keys/],
    ]
    for (const [body, says] of refused) {
      await assert.rejects(Promise.resolve(parseBody(bytes(body))), error => {
        return isRefusal(error) && error.code === 'invalid_request' && says.test(error.message)
      })
    }
  })
})

describe('a long text', () => {
  const long = 'x'.repeat(5000)
  const inside = (text: string, key = 'content') => `{"messages":[{"role":"user","${key}":"${text}"}]}`

  it('is cut out if it is the text of a prompt, and only then', async () => {
    const cases: [body: string, cut: number][] = [
      [inside(long), 1],
      [inside(long, 'text'), 1],
      [inside(long, 'data'), 0],
      [inside(long, 'cont\\u0065nt'), 0],
      [inside('x'.repeat(100)), 0],
      [`{"text":"${long}","content":"${long}"}`, 0],
      [`{"messages":[{"content":["${long}",{"text":"${long}"},"${long}"]}]}`, 1],
      [`{"messages":[{"content":1},"${long}"]}`, 0],
    ]
    for (const [body, cut] of cases) {
      const raw = bytes(body)
      const { value, texts } = await parseBody(raw)
      assert.equal(texts.length, cut, body.slice(0, 60))
      const cutOut = (text: unknown) => (typeof text === 'string' && text.length >= 5000 ? '' : text)
      const kept = JSON.stringify(JSON.parse(body), (_key, one) => cutOut(one))
      if (cut > 0 && !body.includes('["x')) assert.deepEqual(value, JSON.parse(kept))
      assert.deepEqual(withTexts(value, raw, texts), JSON.parse(body))
    }
  })

  it('is valid exactly if JSON.parse accepts it, and the error names the same place', () => {
    const snippets = [
      '\\n',
      '\\"',
      '\\\\',
      '\\/',
      '\\u00e9',
      '\\uD83D',
      '\\uZ000',
      '\\u12',
      '\\x',
      '\\',
      '\n',
      '\t',
      '\0',
      '\x1f',
      '\x7f',
      'é',
      '漢😀',
      '"',
      '",',
      '"}]}',
    ]
    for (const snippet of snippets) {
      for (let shift = 0; shift < 5; shift++) {
        for (const tail of ['', 'y'.repeat(shift), 'y'.repeat(5000)]) {
          const text = inside(`${'x'.repeat(5000 + shift)}${snippet}${tail}`)
          let expected: string | undefined
          try {
            JSON.parse(text)
          } catch (error) {
            expected = / at position \d+/.exec(String(error))?.[0] ?? 'not valid JSON'
          }
          const found = faultOf(Buffer.concat([Buffer.alloc(shift, ' '), bytes(text)]).subarray(shift))
          if (expected === undefined) assert.equal(found, undefined, JSON.stringify(snippet))
          else assert.ok(found?.includes(expected), `${JSON.stringify(snippet)}: ${found}, ${expected}`)
        }
      }
    }
  })
})

function faultOf(raw: Buffer): string | undefined {
  try {
    parseBody(raw)
    return undefined
  } catch (error) {
    return String(error)
  }
}

describe('the place of a fault in a large body', () => {
  const text = '漢😀é '.repeat(30_000)
  const cases = [
    `{"messages":[{"content":"${text}"},{"content":"${text}"} {}]}`,
    `{"messages":[{"content":"${text}"},{"data":"${text}\\q"}]}`,
    `{"messages":[{"content":"${text}"},{"content":"${text}\\q"}]}`,
    `{"messages":[{"content":"${text}"}] nonsense "${text}"`,
    `{"messages":[{"content":"${text}"`,
    `{"messages":[{"content":"${text}`,
  ]
  for (const [i, text] of cases.entries()) {
    it(`is the one that JSON.parse names, without a second parse (${i + 1})`, async t => {
      const expected = / at position \d+/.exec(faultOfParse(text))?.[0] ?? 'not valid JSON'
      const parse = t.mock.method(JSON, 'parse')
      await assert.rejects(Promise.resolve(parseBody(bytes(text))), error => String(error).includes(expected))
      assert.equal(parse.mock.callCount(), 1)
    })
  }
})

function faultOfParse(text: string): string {
  try {
    JSON.parse(text)
    return ''
  } catch (error) {
    return String(error)
  }
}

describe('waiting callers', () => {
  it('resume one per turn, in order', async () => {
    const seen: [who: number, at: number][] = []
    let at = 0
    let isOver = false
    setImmediate(function count() {
      at++
      if (!isOver) setImmediate(count)
    })
    await Promise.all([0, 1, 2, 3].map(who => nextTurn().then(() => seen.push([who, at]))))
    isOver = true
    assert.deepEqual(
      seen.map(([who]) => who),
      [0, 1, 2, 3],
    )
    assert.equal(new Set(seen.map(([, at]) => at)).size, 4)
  })
})

/** Counts the turns of the event loop until the promise resolves. */
async function countTurns<Result>(
  promise: Result | Promise<Result>,
): Promise<{ result: Result; turns: number }> {
  let turns = 0
  let isOver = false
  setImmediate(function count() {
    turns++
    if (!isOver) setImmediate(count)
  })
  const result = await promise
  isOver = true
  return { result, turns }
}

describe('the delay of turns', () => {
  it('is the time that the first caller has waited, and nothing once all have resumed', async () => {
    const now = performance.now()
    const all = Promise.all([nextTurn(), nextTurn()])
    const [delay, later] = [turnDelay(now), turnDelay(now + 1000)]
    await all
    assert.equal(Math.round(later - delay), 1000)
    assert.ok(delay <= 0 && turnDelay(now + 1000) === 0)
  })
})
