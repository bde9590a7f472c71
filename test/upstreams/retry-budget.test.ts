/** The retry budget, with a clock set by hand. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRetryBudget } from '../../src/upstreams/retry-budget.ts'

function arrange() {
  let now = 0
  const budget = createRetryBudget(() => now)
  return {
    wait: (ms: number) => {
      now += ms
    },
    call: (count: number) => {
      for (let i = 0; i < count; i++) budget.addCall()
    },
    /** How many of these retries are allowed. */
    retry: (count: number) => Array.from({ length: count }, budget.takeRetry).filter(Boolean).length,
  }
}

test('a fifth of the calls of the last minute can be tried again, and twenty more', () => {
  const { call, retry } = arrange()
  assert.equal(retry(100), 20)
  call(1000)
  assert.equal(retry(1000), 200)
  assert.equal(retry(1), 0)
})

test('a minute later the calls and retries no longer count', () => {
  const { call, retry, wait } = arrange()
  call(1000)
  assert.equal(retry(1000), 220)
  wait(50_000)
  assert.equal(retry(1), 0)
  wait(20_000)
  assert.equal(retry(100), 20)
})
