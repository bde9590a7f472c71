import assert from 'node:assert/strict'
import { test } from 'node:test'
import { together } from '../../src/clients/together.ts'

test('what is asked in one turn of the event loop is one question; what comes later is another', async () => {
  const asked: string[][] = []
  const ask = together(async ids => asked.push(ids))
  const first = [ask('a'), ask('b')]
  queueMicrotask(() => first.push(ask('c')))
  await Promise.all(first)
  await ask('d')
  assert.deepEqual(asked, [['a', 'b', 'c'], ['d']])
})

test('a question that fails fails for all who asked it, and not for those after them', async () => {
  let isAway = true
  const ask = together(async ids => {
    if (isAway) throw new Error('away')
    return ids
  })
  const answers = await Promise.allSettled([ask('a'), ask('b')])
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  isAway = false
  assert.deepEqual(await ask('c'), ['c'])
})
