import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimOn, HOUR, makeBed, NOON, SECOND } from './bed.ts'

test('a call that fits everywhere is granted, and takes from every scope', async t => {
  const { admit, scope } = await makeBed(t)
  const limits = {
    requests: { capacity: 100, per: HOUR },
    tokens: { capacity: 200_000, per: 60 * SECOND },
    concurrency: 20,
    day: 5_000_000_000,
    month: 100_000_000_000,
  }
  const claim = claimOn(
    [
      { key: 'client:1', ...limits },
      { key: 'team:1', ...limits },
      { key: 'gateway', ...limits },
    ],
    {
      tokens: 5000,
      nanos: 12_345_678,
    },
  )

  const admitted = await admit('a', claim)

  const state = {
    running: 1,
    concurrency: 20,
    requests: { limit: 100, remaining: 99, resetMs: 36_000 },
    tokens: { limit: 200_000, remaining: 195_000, resetMs: 1500 },
    day: { limitNanos: 5_000_000_000, spentNanos: 0, heldNanos: 12_345_678 },
    month: { limitNanos: 100_000_000_000, spentNanos: 0, heldNanos: 12_345_678 },
  }
  assert.deepEqual(admitted, {
    kind: 'granted',
    at: NOON,
    states: ['client:1', 'team:1', 'gateway'].map(key => ({ key, name: key, ...state })),
  })
  for (const key of ['client:1', 'team:1', 'gateway']) {
    assert.deepEqual(
      { ...(await scope(key)) },
      {
        running: '1',
        requests: `36000 1 36000 ${NOON}`,
        tokens: `15000 10 3 ${NOON}`,
        'd21000228:held': '12345678',
        'm210002:held': '12345678',
      },
    )
  }
})
