import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isObject, objectIn } from '../../../src/dialects/wire/json.ts'
import { pruner, type Shape } from '../../../src/dialects/wire/pruner.ts'
import { cut, cutAt } from '../streams.ts'

const shape: Shape = {
  model: true,
  usage: true,
  error: { code: true },
  output: { type: true, action: { type: true } },
}

function pruned(chunks: Buffer[]) {
  const reader = pruner(shape)
  for (const chunk of chunks) reader.push(chunk)
  return reader.end()
}

/** The same by way of JSON.parse. */
function expected(value: unknown, wanted: Shape): Record<string, unknown> {
  const members = Object.entries(objectIn(value)).flatMap(([name, one]) => {
    const kept = Object.hasOwn(wanted, name) ? wanted[name] : undefined
    if (kept === undefined) return []
    if (kept === true) return [[name, one]]
    if (Array.isArray(one)) return [[name, one.flatMap(item => of(item, kept))]]
    return [[name, isObject(one) ? expected(one, kept) : one]]
  })
  return Object.fromEntries(members)
}

/** Of a list inside a list its objects, of a scalar nothing. */
function of(item: unknown, wanted: Shape): unknown[] {
  if (Array.isArray(item)) return [item.flatMap(one => of(one, wanted))]
  return isObject(item) ? [expected(item, wanted)] : []
}

describe('the pruned form of an object', () => {
  const decoy = { type: 'decoy', usage: { a: 1 }, output: [{ type: 'decoy' }] }
  const body = {
    id: '{"usage":{"a":1}}\\',
    tools: [decoy, [decoy]],
    model: 'm "1" \\ ü',
    'mod"el': 1,
    error: { code: 'x', message: decoy, more: [1, 2] },
    output: [
      { content: [decoy], type: 'a', action: { queries: ['q'], type: 'search' } },
      null,
      'type',
      12,
      [{ type: 'inner' }],
      { action: null, type: 'b' },
    ],
    usage: { input_tokens: 5, details: { list: [1, { deep: '}' }], none: null }, text: '"\\"' },
    last: -1.5e3,
  }

  it('has the requested members for any chunks', () => {
    for (const spaces of [0, 2]) {
      const raw = Buffer.from(JSON.stringify(body, undefined, spaces))
      for (const size of [1, 2, 3, 7, raw.length])
        assert.deepEqual(pruned(cut(raw, size)), expected(body, shape))
      for (let at = 0; at <= raw.length; at++)
        assert.deepEqual(pruned([raw.subarray(0, at), raw.subarray(at)]), expected(body, shape))
    }
  })

  it('is right for any other JSON object', () => {
    const key = fc.constantFrom('model', 'usage', 'error', 'output', 'type', 'code', 'action', '\\"', 'é')
    const { tree } = fc.letrec(tie => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.string(),
        fc.double(),
        fc.constant(null),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('tree'), { maxLength: 4 }),
      object: fc.dictionary(key, tie('tree'), { maxKeys: 6 }),
    }))
    fc.assert(
      fc.property(fc.dictionary(key, tree), fc.array(fc.nat()), (value, places) => {
        const raw = Buffer.from(JSON.stringify(value))
        const parsed: unknown = JSON.parse(raw.toString())
        assert.deepEqual(pruned(cutAt(raw, places)), expected(parsed, shape))
      }),
      { seed: 21, numRuns: 2000 },
    )
  })

  it('has members with escaped names, and the last of repeated ones', () => {
    const raw = '{"usage":1,"us\\u0061ge":{"a":2},"model":"x","model":null}'
    assert.deepEqual(pruned(cut(Buffer.from(raw), 4)), { usage: { a: 2 }, model: null })
  })

  it('is undefined for anything but a whole object', () => {
    for (const raw of ['', '[]', '[{"model":1}]', '"{}"', '{"model":1', '{"model":1}]', '{"model":1}{'])
      assert.equal(pruned([Buffer.from(raw)]), undefined, raw)
    assert.deepEqual(pruned([Buffer.from(' {"model":1}\r\n\n')]), { model: 1 })
  })

  it('is small for any input', () => {
    const items = JSON.stringify({ type: 'x' }).concat(',').repeat(200_000)
    const raw = Buffer.from(`{"model":"${'m'.repeat(300_000)}","output":[${items}{}],"usage":{"a":1}}`)
    const kept = pruned(cut(raw, 65_536))
    assert.deepEqual([kept?.model, kept?.usage], [{}, { a: 1 }])
    assert.ok(JSON.stringify(kept).length < 600_000)
  })
})
