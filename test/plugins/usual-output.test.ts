import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stepTowards } from '../../src/plugins/usual-output.ts'

test('the estimate stays near the 90th percentile of the responses', () => {
  const sizes = fc.array(fc.integer({ min: 100, max: 20_000 }), { minLength: 3, maxLength: 30 })
  fc.assert(
    fc.property(sizes, kinds => {
      let estimate = 1000
      let longer = 0
      for (let i = 0; i < 3000; i++) {
        // Every length comes equally often before the order repeats.
        const output = kinds[(i * 7919) % kinds.length] ?? 0
        if (i >= 1000 && output > 1.25 * estimate) longer += 1
        estimate = stepTowards(output, estimate)
      }
      assert.ok(longer / 2000 < 0.2, `${longer} of 2000 responses were a quarter longer than the estimate`)
      assert.ok(estimate <= Math.max(...kinds))
    }),
    { seed: 7 },
  )
})

test('ten long responses are enough to reserve for the next one', () => {
  let estimate = 1000
  for (let i = 0; i < 10; i++) estimate = stepTowards(30_000, estimate)
  assert.equal(estimate, 30_000)
})

test('one long response moves the estimate only a little', () => {
  let estimate = stepTowards(60_000, 1000)
  assert.ok(estimate < 2000)
  for (let i = 0; i < 20; i++) estimate = stepTowards(500, estimate)
  assert.ok(estimate < 700)
})
