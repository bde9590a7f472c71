/** Upstreams that take a connection and then hang in the TLS handshake, and streams that begin with a comment. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { chat, message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { upstream } from '../upstream.ts'

const routes = [{ models: ['claude-haiku-*', 'gpt-6-luna'], order: ['first', 'second'] }]
const names = ['first', 'second'] as const

async function silentServer(t: TestContext): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    t.after(() => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  return `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

test('timeoutSeconds includes the time to connect', async t => {
  const { gateway } = await startRouted(t, {
    names,
    routes,
    upstreams: { first: { baseUrl: await silentServer(t), timeoutSeconds: 1 } },
  })
  const key = await gateway.client({ name: 'frontend' })

  const began = performance.now()
  const response = await gateway.post('/v1/messages', key, message('hello'))
  await response.text()
  const ms = performance.now() - began

  assert.equal(response.headers.get('x-tollgate-upstream'), 'second')
  assert.ok(ms < 5000, `it took ${Math.round(ms)} ms`)
})

for (const [what, beginning] of [
  ['comment', ': OPENROUTER PROCESSING\n\n'],
  ['retry time', 'retry: 5000\n\n'],
] as const)
  test(`an error as the first event of a stream, after a ${what}, is tried at the next target`, async t => {
    const baseUrl = await upstream(t, response => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(beginning)
      setTimeout(() => response.end('data: {"error":{"message":"no provider","code":502}}\n\n'), 50)
    })
    const { gateway } = await startRouted(t, {
      names,
      routes,
      upstreams: { first: { type: 'openrouter', baseUrl, models: { 'gpt-6-luna': 'openai/gpt-6-luna' } } },
    })
    const key = await gateway.client({ name: 'frontend' })

    const response = await gateway.post('/v1/chat/completions', key, chat('hello', { stream: true }))

    assert.equal(response.headers.get('x-tollgate-upstream'), 'second')
    assert.match(await response.text(), /\[DONE\]/)
  })
