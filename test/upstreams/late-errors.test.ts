import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { openPool, send } from '../../src/upstreams/connection.ts'

/** Enough that a fault of one attempt in five shows. */
const ATTEMPTS = 40

test('a response that arrives while a large body is sent is read, even if the body fails', async t => {
  // In a thread of its own it closes while this one is writing.
  const upstream = new Worker(new URL('closing-upstream.ts', import.meta.url))
  t.after(() => upstream.terminate())
  const [port] = await once(upstream, 'message')
  const pool = openPool(`http://127.0.0.1:${port}`, 10_000)
  t.after(() => pool.destroy())
  const body = Buffer.alloc(20_000_000, 'x')

  const statuses = new Set<number | string>()
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { promise, resolve } = Promise.withResolvers<number | string>()
    send(
      pool,
      { method: 'POST', path: '/', headers: {}, body },
      {
        head: status => ({ data: () => true, end: () => resolve(status), fail: resolve }),
        fail: resolve,
      },
    )
    statuses.add(await promise)
  }

  assert.deepEqual([...statuses], [413])
})
