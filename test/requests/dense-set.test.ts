import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DenseSet } from '../../src/requests/dense-set.ts'

test('it has the same items as a Set after any changes', () => {
  const change = fc.tuple(fc.constantFrom('add', 'delete'), fc.nat(9))

  fc.assert(
    fc.property(fc.array(change), changes => {
      const items = Array.from({ length: 10 }, (_, name) => ({ name, place: -1 }))
      const dense = new DenseSet<(typeof items)[number]>()
      const usual = new Set<(typeof items)[number]>()
      for (const [kind, index] of changes) {
        const item = items[index]!
        if (kind === 'add') dense.add(item)
        else dense.delete(item)
        if (kind === 'add') usual.add(item)
        else usual.delete(item)
      }
      assert.equal(dense.size, usual.size)
      assert.deepEqual(new Set(dense), usual)
      for (const item of items) assert.equal(dense.has(item), usual.has(item))
    }),
    { seed: 9 },
  )
})

test('a cleared set is empty, and its items can be added again', () => {
  const items = [{ place: -1 }, { place: -1 }]
  const set = new DenseSet()
  for (const item of items) set.add(item)
  set.clear()

  set.add(items[1]!)

  assert.deepEqual([...set], [items[1]])
})
