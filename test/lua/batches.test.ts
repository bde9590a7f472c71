import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBatches } from '../../src/lua/batches.ts'

/** Batches of numbers whose replies the test sends. */
function createBed(largest = 3) {
  const sent: { items: number[]; reply: PromiseWithResolvers<number[]> }[] = []
  const batches = createBatches((items: number[]) => {
    const reply = Promise.withResolvers<number[]>()
    sent.push({ items, reply })
    return reply.promise
  }, largest)
  const reply = async (index: number) => {
    const { items, reply } = sent[index]!
    reply.resolve(items.map(item => item * 10))
    await new Promise(setImmediate)
  }
  return { ...batches, sent, reply, batches: () => sent.map(({ items }) => items) }
}

test('one item is sent at once, and those that come meanwhile go together with the reply', async () => {
  const { push, reply, batches } = createBed()
  const results = [push([1]), push([2]), push([3, 4])]
  assert.deepEqual(batches(), [[1]])

  await reply(0)
  assert.deepEqual(batches(), [[1], [2, 3, 4]])
  await reply(1)

  assert.deepEqual(await Promise.all(results), [[10], [20], [30, 40]])
})

test('a batch has a largest size, but the items of one push stay together', async () => {
  const { push, reply, batches } = createBed()
  for (const items of [[1], [2, 3], [4, 5], [6, 7, 8, 9]]) push(items)
  await reply(0)
  assert.deepEqual(batches(), [[1], [2, 3], [4, 5], [6, 7, 8, 9]])
})

test('a flush sends at once what waits', async () => {
  const { push, flush, batches } = createBed()
  for (const item of [1, 2, 3]) push([item])
  flush()
  assert.deepEqual(batches(), [[1], [2, 3]])
})

test('after a failure the items that waited fail too, and later ones are sent', async () => {
  const { push, sent, batches } = createBed()
  const failing = [push([1]), push([2])].map(result => assert.rejects(result, /away/))
  sent[0]!.reply.reject(new Error('away'))
  await Promise.all(failing)
  push([3])
  assert.deepEqual(batches(), [[1], [3]])
})
