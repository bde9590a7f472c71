/** Malformed HTTP gets an error in the route's format as well, and a caller who stops sending has left. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { message, startGateway } from '../gateway.ts'
import { rawCaller } from '../raw.ts'
import { until } from '../until.ts'

for (const [title, sent, status, code] of [
  ['no HTTP at all', 'hello there\r\n\r\n', 400, 'invalid_request'],
  [
    'headers that are too large',
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(100_000)}\r\n\r\n`,
    431,
    'headers_too_large',
  ],
  ['a header without a colon', 'POST /v1/messages HTTP/1.1\r\nnonsense\r\n\r\n', 400, 'invalid_request'],
] as const) {
  test(`${title} gets ${status} in the error format, with the request id of the log`, async t => {
    const gateway = await startGateway(t)
    const caller = await rawCaller(gateway.url)

    caller.send(sent)
    const response = await caller.response()

    assert.equal(response.status, status)
    assert.match(response.head, /^connection: close$/im)
    const { error } = JSON.parse(response.body)
    assert.equal(error.details.error_code, code)
    assert.equal(typeof error.message, 'string')
    const [, id] = /^request-id: (req_\w+)$/im.exec(response.head) ?? []
    assert.ok(gateway.lines.some(({ msg, reqId }) => msg === 'unreadable' && reqId === id))
    caller.close()
  })
}

for (const [title, head, status, code, version = '1.1'] of [
  ['no Host', 'x-more: y\r\n', 400, 'invalid_request'],
  ['an empty Host', 'host:\r\n', 400, 'invalid_request'],
  ['a Host that is none', 'host: a b/@\r\n', 400, 'invalid_request'],
  ['a Host with a path', 'host: example.com/v1\r\n', 400, 'invalid_request'],
  ['a Host with a user', 'host: me@example.com\r\n', 400, 'invalid_request'],
  ['a port that is none', 'host: example.com:http\r\n', 400, 'invalid_request'],
  ['the same Host twice', 'host: x\r\nHOST: x\r\n', 400, 'invalid_request'],
  ['two Hosts', 'host: x\r\nhost: y\r\n', 400, 'invalid_request'],
  ['two Hosts in HTTP/1.0', 'host: x\r\nhost: y\r\n', 400, 'invalid_request', '1.0'],
  ['HTTP/2.0 in its first line', 'host: x\r\n', 400, 'invalid_request', '2.0'],
  ['HTTP/0.9 in its first line', 'host: x\r\n', 400, 'invalid_request', '0.9'],
  ['an Expect that is not 100-continue', 'host: x\r\nexpect: foo\r\n', 417, 'expectation_failed'],
  ['an Expect of more', 'host: x\r\nexpect: 100-continue, foo\r\n', 417, 'expectation_failed'],
] as const) {
  test(`a request with ${title} gets ${status} in the form of its route, with a request id`, async t => {
    const gateway = await startGateway(t)
    const key = await gateway.client({ name: 'frontend' })
    const ask = async (path: string) => {
      const caller = await rawCaller(gateway.url)
      caller.send(
        `POST ${path} HTTP/${version}\r\n${head}x-api-key: ${key}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
      )
      const { status: found, head: headers, body } = await caller.response()
      caller.close()
      assert.equal(found, status)
      const [, id] = /^request-id: (req_\w+)$/im.exec(headers) ?? []
      return { id, body: JSON.parse(body) }
    }

    const anthropic = await ask('/v1/messages')
    const openai = await ask('/v1/chat/completions')
    const admin = await ask('/admin/clients')

    assert.deepEqual([anthropic.body.type, anthropic.body.request_id], ['error', anthropic.id])
    assert.equal(openai.body.error.type, 'invalid_request_error')
    for (const { body } of [anthropic, openai]) assert.equal(body.error.details.error_code, code)
    assert.deepEqual([admin.body.status, admin.body.requestId], [status, admin.id])
    assert.equal((await gateway.line(anthropic.id)).status, status)
    assert.equal(gateway.provider.calls.length, 0)
  })
}

test('a request with any valid Host is accepted, and one of HTTP/1.0 without a Host', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  for (const [version, host] of [
    ['1.0', ''],
    ['1.0', 'host: x\r\n'],
    ...[
      'example.com',
      'Example.com:8080',
      'my_service',
      '127.0.0.1:4000',
      '[::1]:4000',
      '[fe80::1%25eth0]',
      'x:',
      'x%20y',
    ].map(valid => ['1.1', `host: ${valid}\r\n`]),
  ]) {
    const caller = await rawCaller(gateway.url)
    caller.send(`GET /v1/models HTTP/${version}\r\n${host}x-api-key: ${key}\r\n\r\n`)
    assert.equal((await caller.response()).status, 200, `${host}`)
    caller.close()
  }
})

test('a transfer coding other than chunked is refused in the error format', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const body = JSON.stringify(message('hello'))
  const caller = await rawCaller(gateway.url)
  caller.send(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\n` +
      `transfer-encoding: gzip, chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  )
  const { status, body: response } = await caller.response()
  caller.close()
  assert.equal(status, 400)
  assert.match(JSON.parse(response).error.message, /transfer-encoding is "gzip, chunked"; expected chunked/)
  assert.equal(gateway.provider.calls.length, 0)
})

test('an Expect of 100-continue gets its response, and the call continues', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const body = JSON.stringify(message('hello'))
  const caller = await rawCaller(gateway.url)
  caller.send(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nx-api-key: ${key}\r\nanthropic-version: 2023-06-01\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
  )
  assert.equal((await caller.response()).status, 100)

  caller.send(body)

  assert.equal((await caller.response()).status, 200)
  caller.close()
})

test('a malformed chunked body gets 400 in the form of its route, and its log line has the reason', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  await gateway.post('/v1/messages', key, message('now the key is known'))
  const caller = await rawCaller(gateway.url)

  caller.send(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\n` +
      'transfer-encoding: chunked\r\n\r\nno length\r\n',
  )
  const response = await caller.response()

  assert.equal(response.status, 400)
  const { type, request_id } = JSON.parse(response.body)
  assert.equal(type, 'error')
  assert.equal((await gateway.line(request_id)).client, 'frontend')
  caller.close()
})

test('invalid bytes after a running request do not change its response', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const body = JSON.stringify(message('[[scenario: slow-stream 1000 chunks 20ms]]', { stream: true }))
  const caller = await rawCaller(gateway.url)
  caller.send(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\nanthropic-version: 2023-06-01\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await until(async () => /content_block_delta/.test(caller.received()))

  caller.send('garbage\r\n\r\n')

  await gateway.provider.waitForAbort()
  assert.doesNotMatch(caller.received().slice(1), /HTTP\/1\.1/)
  const line = await until(async () => gateway.calls()[0])
  assert.equal(line.outcome, 'client_gone')
})

test('a caller who half-closes has left: its stream is stopped upstream', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const body = JSON.stringify(message('[[scenario: slow-stream 1000 chunks 20ms]]', { stream: true }))
  const caller = await rawCaller(gateway.url)
  caller.send(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\nanthropic-version: 2023-06-01\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await until(async () => /content_block_delta/.test(caller.received()))

  caller.socket.end()

  assert.equal((await gateway.provider.waitForAbort()).aborted, true)
  const line = await until(async () => gateway.calls()[0])
  assert.equal(line.outcome, 'client_gone')
})
