/** Tokens of the administration: several tokens, two roles, every replica, and callers who guess a token. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { makeToken } from '../../src/admin/token-format.ts'
import { linkTo } from '../clients/link.ts'
import { until } from '../until.ts'
import { type Replica, startReplica, TOKEN } from './replica.ts'

async function make(replica: Replica, name: string, role: 'admin' | 'viewer', more: object = {}) {
  const made = await replica.admin('POST', '/tokens', { name, role, ...more })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return String(made.body.token)
}

test('ADMIN_TOKEN is the first token, and an admin', async t => {
  const replica = await startReplica(t)

  const { body } = await replica.admin('GET', '/whoami')

  assert.deepEqual(body, { name: 'ADMIN_TOKEN', role: 'admin' })
})

test('a new token has a name and a role, works, and is shown once', async t => {
  const replica = await startReplica(t)

  const made = await replica.admin('POST', '/tokens', { name: 'ci', role: 'admin' })

  const token = String(made.body.token)
  assert.match(token, /^tga_[A-Za-z0-9_-]{43}$/)
  assert.deepEqual(
    [made.body.name, made.body.role, made.body.createdBy, made.headers['cache-control']],
    ['ci', 'admin', 'ADMIN_TOKEN', 'no-store'],
  )
  const who = await replica.admin('GET', '/whoami', undefined, { token })
  assert.deepEqual(who.body, { name: 'ci', role: 'admin' })
  const { rows } = await replica.app.pg.query('select to_json(admin_tokens)::text as row from admin_tokens')
  const listed = await replica.admin('GET', '/tokens')
  for (const text of [JSON.stringify(rows), JSON.stringify(listed.body), JSON.stringify(replica.lines)]) {
    assert.ok(!text.includes(token.slice(4)))
  }
})

test('a viewer can read everything and change nothing', async t => {
  const replica = await startReplica(t)
  await replica.client({ name: 'frontend' })
  const token = await make(replica, 'board', 'viewer')
  const as = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
    replica.admin(method, path, body, { token })

  for (const path of ['/whoami', '/clients', '/clients/frontend', '/teams', '/gateway', '/tokens']) {
    assert.equal((await as('GET', path)).status, 200, path)
  }
  for (const response of [
    await as('POST', '/clients', { name: 'more' }),
    await as('PATCH', '/clients/frontend', { budget: null }),
    await as('DELETE', '/clients/frontend'),
    await as('POST', '/clients/frontend/keys'),
    await as('PUT', '/gateway', {}),
    await as('POST', '/tokens', { name: 'mine', role: 'admin' }),
    await as('DELETE', '/tokens/board'),
  ]) {
    assert.equal(response.status, 403)
    assert.match(String(response.headers['content-type']), /problem\+json/)
    assert.match(String(response.body.detail), /"board" has the role viewer, .*takes one with the role admin/)
  }
  assert.equal((await replica.admin('GET', '/clients/frontend')).status, 200)
})

test('the list shows ADMIN_TOKEN first, then the other tokens by name, page by page', async t => {
  const replica = await startReplica(t)
  for (const name of ['b', 'A', '0', 'a']) await make(replica, name, 'viewer')
  const names: unknown[] = []

  for (let cursor = ''; ; ) {
    const { body } = await replica.admin('GET', `/tokens?limit=1${cursor}`)
    names.push(...(body.tokens as { name: string }[]).map(({ name }) => name))
    if (body.next === undefined) break
    cursor = `&cursor=${body.next}`
  }

  assert.deepEqual(names, ['ADMIN_TOKEN', '0', 'A', 'a', 'b'])
})

test('a taken, a reserved and an unknown token name get different errors', async t => {
  const replica = await startReplica(t)
  await make(replica, 'ci', 'viewer')
  const problemOf = async (method: 'POST' | 'DELETE', path: string, body?: object) => {
    const response = await replica.admin(method, path, body)
    return `${response.status} ${response.body.detail}`
  }

  assert.match(await problemOf('POST', '/tokens', { name: 'ci', role: 'admin' }), /^409 .*"ci" already/)
  assert.match(
    await problemOf('POST', '/tokens', { name: 'ADMIN_TOKEN', role: 'admin' }),
    /^409 .*environment/,
  )
  assert.match(await problemOf('DELETE', '/tokens/ADMIN_TOKEN'), /^409 .*environment/)
  assert.match(await problemOf('DELETE', '/tokens/missing'), /^404 .*"missing"/)
  assert.match(
    await problemOf('POST', '/tokens', { name: 'x' }),
    /^400 role is missing; expected "admin" or "view/,
  )
  assert.match(await problemOf('POST', '/tokens', { name: 'x', role: 'root' }), /^400 role found "root"/)
})

test('a new token works on every replica at once, and a revoked token fails there within a second', async t => {
  const one = await startReplica(t)
  const two = await startReplica(t, { ...one, pollEvery: 500 })
  const token = await make(one, 'ci', 'admin')
  const on = async (replica: Replica) => (await replica.admin('GET', '/whoami', undefined, { token })).status

  assert.deepEqual([await on(one), await on(two)], [200, 200])
  assert.equal((await one.admin('DELETE', '/tokens/ci')).status, 204)

  assert.equal(await on(one), 401)
  await until(async () => (await on(two)) === 401)
})

test('a token ends at its expiry time', async t => {
  const replica = await startReplica(t)
  const token = await make(replica, 'brief', 'viewer', {
    expiresAt: new Date(Date.now() + 300).toISOString(),
  })

  await until(async () => (await replica.admin('GET', '/whoami', undefined, { token })).status === 401)
})

test('ADMIN_TOKEN works while Postgres is unreachable', async t => {
  const { databaseUrl } = await startReplica(t)
  const link = await linkTo(t, databaseUrl)
  const replica = await startReplica(t, { databaseUrl: link.url })
  link.cut()

  assert.equal((await replica.admin('GET', '/whoami')).status, 200)
  assert.equal((await replica.admin('GET', '/tokens')).status, 503)
})

test('a source of wrong tokens waits longer after each one, and other sources do not wait', async t => {
  const replica = await startReplica(t)
  const guess = (address = '192.0.2.1', token = randomBytes(8).toString('hex')) =>
    replica.admin('GET', '/whoami', undefined, { token, address })
  const made = await make(replica, 'ci', 'admin')

  const statuses = []
  for (let i = 0; i < 8; i++) statuses.push((await guess()).status)
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429])

  const refused = await guess('192.0.2.1', TOKEN)
  assert.equal(refused.status, 429, 'not even looked at')
  assert.equal(refused.headers['retry-after'], '1')
  assert.match(String(refused.body.detail), /Too many wrong tokens .* try again in 1 s/)
  assert.equal((await guess('192.0.2.2', TOKEN)).status, 200, 'from elsewhere')
  assert.equal((await guess('192.0.2.1', made)).status, 200, 'what cannot be guessed')
})

test('a wrong token causes no query', async t => {
  const replica = await startReplica(t, { pollEvery: 600_000 })
  const asked = questionsTo(replica)
  await replica.admin('GET', '/whoami')
  const before = asked()

  for (let i = 0; i < 50; i++) {
    const token = i % 2 ? `wrong-${i}` : makeToken(randomBytes(32))
    await replica.admin('GET', '/whoami', undefined, { token, address: `192.0.2.${i}` })
  }

  assert.equal(asked(), before)
})

/** Counts the queries that Postgres receives. */
function questionsTo({ app }: Replica): () => number {
  let questions = 0
  app.pg.on('acquire', () => {
    questions++
  })
  return () => questions
}
