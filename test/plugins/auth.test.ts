import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { test } from 'node:test'
import { makeKey } from '../../src/clients/keys.ts'
import { linkTo } from '../clients/link.ts'
import { until } from '../until.ts'
import { startReplica } from './replica.ts'

const MESSAGE =
  'This key is not valid here: it is unknown, revoked, expired or disabled. Ask the operator of this gateway for another.'

test('a key is accepted in each of its three headers', async t => {
  const replica = await startReplica(t)
  const { id, key } = await replica.client({ name: 'frontend', team: 'web' })
  const ways: Record<string, string>[] = [
    { 'x-gateway-key': key },
    { 'x-api-key': key },
    { 'X-Api-Key': ` ${key} ` },
    { authorization: `Bearer ${key}` },
    { authorization: `bEARER   ${key}` },
    { authorization: `Bearer ${key}`, 'x-api-key': key, 'x-gateway-key': key },
    { authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': key },
  ]
  for (const headers of ways) {
    const response = await replica.call(headers)
    assert.equal(response.statusCode, 200, JSON.stringify(headers))
    assert.equal(response.json().client, 'frontend')
    assert.equal(response.json().key, id)
  }
})

test('a request without a key gets 401 with the names of the headers', async t => {
  const replica = await startReplica(t)
  const ways: Record<string, string>[] = [
    {},
    { 'x-api-key': '' },
    { authorization: 'Bearer ' },
    { authorization: 'Basic abc' },
  ]
  for (const headers of ways) {
    const response = await replica.call(headers)
    assert.equal(response.statusCode, 401)
    assert.equal(response.json().code, 'missing_key')
    assert.match(response.json().message, /x-api-key/)
    assert.equal(response.headers['www-authenticate'], 'Bearer')
  }
})

test('two different keys in one request get 400', async t => {
  const replica = await startReplica(t)
  const [one, two] = [await replica.client({ name: 'one' }), await replica.client({ name: 'two' })]
  const response = await replica.call({ 'x-api-key': one.key, authorization: `Bearer ${two.key}` })
  assert.equal(response.statusCode, 400)
  assert.equal(response.json().code, 'conflicting_keys')
})

test('a duplicate header with two keys gets 400', async t => {
  const replica = await startReplica(t)
  const { key } = await replica.client({ name: 'one' })
  const port = await replica.listen()
  for (const name of ['Authorization: Bearer', 'x-api-key:']) {
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `POST /v1/whoami HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n${name} ${key}\r\n${name} other\r\n\r\n`,
    )
    const [chunk] = await new Promise<Buffer[]>(resolve =>
      socket.once('data', (data: Buffer) => resolve([data])),
    )
    socket.destroy()
    assert.match(String(chunk), /^HTTP\/1\.1 400 /)
  }
})

test('unknown, revoked, expired and disabled keys get the same message, and the log has the reason', async t => {
  const replica = await startReplica(t)
  const revoked = await replica.client({ name: 'revoked' })
  await replica.admin('DELETE', `/keys/${revoked.id}`)
  const disabled = await replica.client({ name: 'disabled', disabled: true })
  await replica.client({ name: 'expired' })
  const soon = new Date(Date.now() + 300)
  const expired = await replica.admin('POST', '/clients/expired/keys', { expiresAt: soon.toISOString() })
  const deleted = await replica.client({ name: 'deleted' })
  await replica.admin('DELETE', '/clients/deleted')
  await until(() => Date.now() > soon.getTime())
  const genuine = makeKey(replica.app.clients.secret)
  const reasons: unknown[] = []
  for (const key of [
    'tg_made_up',
    makeKey(randomBytes(32)).key,
    genuine.key,
    revoked.key,
    String(expired.body.key),
    disabled.key,
    deleted.key,
    `${disabled.key.slice(0, -1)}${disabled.key.endsWith('A') ? 'B' : 'A'}`,
  ]) {
    const response = await replica.call({ 'x-api-key': key })
    assert.equal(response.statusCode, 403)
    assert.deepEqual([response.json().code, response.json().message], ['invalid_key', MESSAGE])
    reasons.push(replica.reasons.at(-1))
  }
  assert.deepEqual(reasons, [
    'the checksum is wrong',
    'the checksum is wrong',
    'the key is unknown',
    'the key is revoked',
    'the key is expired',
    'the client is disabled',
    'the key is revoked',
    'the key is unknown',
  ])
})

test('a key with a wrong checksum is refused without a query while Postgres is unreachable, and a valid key gets 503', async t => {
  const { databaseUrl } = await startReplica(t)
  const link = await linkTo(t, databaseUrl)
  const replica = await startReplica(t, { databaseUrl: link.url })
  const { key } = await replica.client({ name: 'frontend' })
  const known = await replica.client({ name: 'backend' })
  assert.equal((await replica.call({ 'x-api-key': known.key })).statusCode, 200)
  link.cut()

  const madeUp = await replica.call({ 'x-api-key': makeKey(randomBytes(32)).key })
  assert.equal(madeUp.statusCode, 403)
  const unknown = await replica.call({ 'x-api-key': key })
  assert.equal(unknown.statusCode, 503)
  assert.equal(unknown.json().code, 'unavailable')
  assert.equal((await replica.call({ 'x-api-key': known.key })).statusCode, 200, 'known keys go on working')

  link.restore()
  assert.equal((await replica.call({ 'x-api-key': key })).statusCode, 200)
})

test('the body of an unauthenticated caller is never read', async t => {
  const replica = await startReplica(t)
  const port = await replica.listen()
  const socket = connect(port, '127.0.0.1')
  socket.write(
    'POST /v1/whoami HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n',
  )
  socket.write('x-api-key: tg_made_up\r\n\r\n{')
  const response = await new Promise<Buffer>(resolve => socket.once('data', resolve))
  socket.destroy()
  assert.match(String(response), /^HTTP\/1\.1 403 /, 'refused before the body arrived')
})

test('malformed key headers get the same refusal as a missing key', async t => {
  const replica = await startReplica(t)
  for (const key of [
    'tg_'.repeat(2000),
    '\u00ff'.repeat(100),
    "' or 1=1 --",
    '__proto__',
    'tg_AAAAAAAA_',
    '%00',
  ]) {
    const response = await replica.call({ 'x-api-key': key })
    assert.equal(response.statusCode, 403, key)
  }
})

test('a running call is authenticated again after a configuration change', async t => {
  const replica = await startReplica(t)
  const { id, key } = await replica.client({ name: 'frontend' })
  const outcomes: unknown[] = []
  replica.onCall(async request => {
    await request.server.authenticate(request)
    outcomes.push(request.client.name)
    await replica.admin('PATCH', '/clients/frontend', { name: 'renamed' })
    await request.server.authenticate(request)
    outcomes.push(request.client.name)
    await replica.admin('DELETE', `/keys/${id}`)
    await request.server.authenticate(request)
  })
  const response = await replica.call({ 'x-api-key': key })
  assert.deepEqual(outcomes, ['frontend', 'renamed'])
  assert.equal(response.statusCode, 403)
})
