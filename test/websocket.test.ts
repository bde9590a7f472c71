/** Codex first asks for a websocket, and falls back to HTTP at once only on a 426. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGateway } from './gateway.ts'
import { rawCaller } from './raw.ts'

const handshake = (path: string, more = '') =>
  `GET ${path} HTTP/1.1\r\nhost: gateway\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n` +
  `sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nopenai-beta: responses_websockets=2026-02-06\r\n${more}\r\n`

test('a websocket handshake gets 426, and the connection serves the next request', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const caller = await rawCaller(gateway.url)
  for (const [path, more] of [
    ['/v1/responses', `authorization: Bearer ${key}\r\n`],
    ['/v1/responses?model=gpt-6-luna', `authorization: Bearer ${key}\r\n`],
    ['/responses', ''],
  ] as const) {
    caller.send(handshake(path, more))

    const { status, head, body } = await caller.response()

    assert.equal(status, 426, path)
    assert.match(head, /^upgrade: HTTP\/1\.1$/im)
    assert.match(head, /^connection: upgrade$/im)
    const { error } = JSON.parse(body)
    assert.deepEqual([error.type, error.code], ['invalid_request_error', 'upgrade_required'])
    assert.match(error.message, /POST/)
  }
  caller.send(`GET /v1/models HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${key}\r\n\r\n`)
  assert.equal((await caller.response()).status, 200)
  caller.close()
})

test('a path without a route is still 404, and an upgrade to another protocol is still 405', async t => {
  const gateway = await startGateway(t)
  const caller = await rawCaller(gateway.url)

  caller.send(handshake('/v1/realtime'))
  assert.equal((await caller.response()).status, 404)
  caller.send(handshake('/v1/responses').replace('upgrade: websocket', 'upgrade: h2c'))
  assert.equal((await caller.response()).status, 405)
  caller.close()
})
