import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileClient, compileModels } from '../../src/clients/client.ts'

const gateway = { limits: {}, budget: {} }

test('settings become integers once: money in nano-dollars, durations in milliseconds', () => {
  const client = compileClient(
    {
      id: 'c1',
      name: 'frontend',
      isDeleted: false,
      settings: {
        limits: {
          requests: { capacity: 100, per: '1h' },
          tokens: { capacity: 200_000, per: '1m' },
          concurrency: 20,
          maxWaitMs: 2000,
        },
        budget: { day: 0.1, month: 100 },
        hold: 'ceiling',
        cache: { ttlSeconds: 60, share: 'team' },
        loop: { identical: 30, per: '500ms' },
        allow: ['server_tools'],
      },
    },
    { id: 't1', name: 'web', limits: { concurrency: 5 }, budget: {} },
    gateway,
  )
  assert.deepEqual(client.limits, {
    requests: { capacity: 100, per: 3_600_000 },
    tokens: { capacity: 200_000, per: 60_000 },
    concurrency: 20,
  })
  assert.deepEqual(client.budget, { dayNanos: 100_000_000, monthNanos: 100_000_000_000 })
  assert.deepEqual(client.cache, { enabled: true, ttlSeconds: 60, share: 'team' })
  assert.deepEqual(client.loop, { capacity: 30, per: 500 })
  assert.deepEqual([...client.allow], ['server_tools'])
  assert.deepEqual([client.hold, client.maxWaitMs], ['ceiling', 2000])
  assert.equal(client.team?.limits.concurrency, 5)
})

test('a client with only a name has no limits, a growing hold, its own cache, and every model', () => {
  const client = compileClient(
    { id: 'c1', name: 'frontend', isDeleted: false, settings: {} },
    undefined,
    gateway,
  )
  assert.deepEqual([client.limits, client.budget, client.loop, client.team], [{}, {}, undefined, undefined])
  assert.deepEqual(client.cache, { enabled: true, ttlSeconds: undefined, share: 'client' })
  assert.deepEqual([client.hold, client.maxWaitMs], ['growing', 0])
  assert.ok(client.models.allows(['whatever-1']))
  assert.equal(client.allow.size, 0)
})

test('an unreadable limit is an error', () => {
  const settings = { limits: { requests: { capacity: 1, per: '1 fortnight' } } }
  assert.throws(
    () => compileClient({ id: 'c1', name: 'frontend', isDeleted: false, settings }, undefined, gateway),
    /fortnight/,
  )
})

test('an empty list of models allows none', () => {
  assert.ok(!compileModels([]).allows(['gpt-6-luna']))
})

test('a pattern has only the star, which matches any text and the empty text', () => {
  const models = compileModels(['claude-haiku-*', 'gpt-6-luna', '*-mini-*-eu', 'o?', 'a.c'])
  for (const allowed of [
    'claude-haiku-4-5',
    'claude-haiku-',
    'gpt-6-luna',
    'x-mini-y-eu',
    '-mini--eu',
    'o?',
    'a.c',
  ]) {
    assert.ok(models.allows([allowed]), allowed)
  }
  for (const refused of ['claude-haiku', 'xclaude-haiku-4', 'gpt-6-lunar', '-mini-eu', 'o1', 'abc', '']) {
    assert.ok(!models.allows([refused]), refused)
  }
})

test('a model is allowed if any of its names is', () => {
  const names = ['claude-haiku-4-5', 'claude-haiku-4-5-20251001']
  for (const pattern of [...names, '*-20251001', 'claude-haiku-4-?', '*']) {
    assert.equal(compileModels([pattern]).allows(names), pattern !== 'claude-haiku-4-?', pattern)
  }
})

test('patterns match the same names as equal regular expressions', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
  const model = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
  fc.assert(
    fc.property(text, model, (pattern, candidate) => {
      const oracle = new RegExp(`^${pattern.replaceAll('*', '.*')}$`)
      assert.equal(compileModels([pattern]).allows([candidate]), oracle.test(candidate))
    }),
    { seed: 2, numRuns: 2000 },
  )
})

test('a model name of a megabyte is matched in linear time', () => {
  const models = compileModels([`${'a*'.repeat(50)}b`])
  assert.ok(!models.allows(['a'.repeat(1_000_000)]))
})
