import assert from 'node:assert/strict'
import { test } from 'node:test'
import { together } from '../../src/clients/together.ts'

test('look-ups in one turn of the event loop share one query, and later ones make another', async () => {
  const asked: string[][] = []
  const ask = together(async ids => asked.push(ids))
  const first = [ask('a'), ask('b')]
  queueMicrotask(() => first.push(ask('c')))
  await Promise.all(first)
  await ask('d')
  assert.deepEqual(asked, [['a', 'b', 'c'], ['d']])
})

test('a failed query fails all its look-ups, and no later one', async () => {
  let isAway = true
  const ask = together(async ids => {
    if (isAway) throw new Error('away')
    return ids
  })
  const responses = await Promise.allSettled([ask('a'), ask('b')])
  assert.deepEqual(
    responses.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  isAway = false
  assert.deepEqual(await ask('c'), ['c'])
})
