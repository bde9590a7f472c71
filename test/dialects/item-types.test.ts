import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemTypes } from '../../src/dialects/item-types.ts'
import { cut } from './streams.ts'

test('the types of a list’s items are told in order, wherever the bytes are cut, and nobody else’s', () => {
  const decoy = { type: 'decoy', output: [{ type: 'decoy' }] }
  const items = [
    { type: 'a', content: [decoy], more: decoy },
    { id: '{"type":"decoy"}\\', name: 'type', type: 'b' },
    { nothing: null },
    ['type', 'decoy'],
    'type',
    { results: [[decoy]], type: 'c' },
  ]
  const body = { type: 'decoy', metadata: decoy, tools: [decoy], output: items, text: { output: [decoy] } }
  for (const spaces of [0, 2]) {
    const bytes = Buffer.from(JSON.stringify(body, undefined, spaces))
    for (const size of [1, 2, 3, 5, 64, bytes.length]) {
      const types = itemTypes('output')
      for (const chunk of cut(bytes, size)) types.push(chunk)
      assert.deepEqual(types.seen, ['a', 'b', 'c'])
    }
  }
})
