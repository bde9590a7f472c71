import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Known } from '../../src/clients/clients.ts'
import { type Fixture, fixture } from './fixture.ts'
import { linkTo } from './link.ts'

test('a key is looked up once, and then authenticated without I/O', async t => {
  const at = await fixture(t)
  const key = await at.client({ name: 'frontend', budget: { day: 5 } })
  const store = await at.store()
  assert.equal(store.find(key), undefined)
  const loaded = await store.load(key)
  assert.equal(loaded?.client.name, 'frontend')
  assert.deepEqual(store.find(key), loaded)
})

test('simultaneous callers with the same new key share one look-up', async t => {
  const at = await fixture(t)
  const key = await at.client({ name: 'frontend' })
  const store = await at.store()
  const found = await Promise.all(Array.from({ length: 50 }, () => store.load(key)))
  assert.equal(new Set(found.map(known => known?.client)).size, 1)
})

test('a new replica looks up thousands of keys at once', async t => {
  const at = await fixture(t)
  await at.client({ name: 'frontend' })
  await at.pool.query(
    `insert into keys (id, client_id, sha256)
     select lpad(i::text, 8, '0'), (select id from clients), sha256(i::text::bytea) from generate_series(1, 3000) i`,
  )
  const store = await at.store({ capacity: 1000 })
  const ids = Array.from({ length: 3000 }, (_, i) => String(i + 1).padStart(8, '0'))
  const found = await Promise.all(ids.map(id => store.load(id)))
  assert.deepEqual(
    found.map(known => known?.key.id),
    ids,
  )
})

test('a look-up returns the client with its team and the gateway', async t => {
  const at = await fixture(t)
  await at.team('web', { limits: { concurrency: 7 } })
  await at.gateway({ budget: { month: 1000 } })
  const key = await at.client({ name: 'frontend', team: 'web' })
  const known = await (await at.store()).load(key)
  assert.equal(known?.client.team?.name, 'web')
  assert.equal(known?.client.team?.limits.concurrency, 7)
  assert.equal(known?.client.gateway.budget.monthNanos, 1000e9)
})

test('an unknown key is looked up once, and then refused without a look-up', async t => {
  const at = await fixture(t)
  const link = await linkTo(t, at.url)
  const store = await at.store({ url: link.url })
  assert.equal(await store.load('AAAAAAAA'), undefined)
  link.cut()
  assert.equal(await store.load('AAAAAAAA'), undefined)
})

test('only the most recently used keys stay in memory', async t => {
  const at = await fixture(t)
  const first = await at.client({ name: 'client-0' })
  const store = await at.store({ capacity: 10 })
  await store.load(first)
  for (let i = 1; i <= 10; i++) await store.load(await at.client({ name: `client-${i}` }))
  assert.equal(store.find(first), undefined)
  assert.equal((await store.load(first))?.client.name, 'client-0')
})

test('a change of a client, its team or the gateway applies after the refresh without another look-up', async t => {
  const at = await fixture(t)
  const link = await linkTo(t, at.url)
  const key = await at.client({ name: 'frontend', team: 'web', limits: { concurrency: 1 } })
  const other = await at.client({ name: 'backend' })
  const store = await at.store({ url: link.url })
  await store.load(key)
  await store.load(other)

  await at.revise('frontend', { limits: { concurrency: 2 } })
  await at.team('web', { limits: { concurrency: 3 } })
  await store.refresh(await at.gateway({ limits: { concurrency: 4 } }))

  link.cut()
  const { client } = store.find(key) ?? {}
  assert.deepEqual(
    [client?.limits, client?.team?.limits, client?.gateway.limits],
    [{ concurrency: 2 }, { concurrency: 3 }, { concurrency: 4 }],
  )
  assert.deepEqual(store.find(other)?.client.gateway.limits, { concurrency: 4 })
})

test('a client that joins or leaves a team is updated', async t => {
  const at = await fixture(t)
  await at.team('data', { limits: { concurrency: 9 } })
  const key = await at.client({ name: 'frontend', team: 'web' })
  const store = await at.store()
  await store.load(key)
  await store.refresh(await at.revise('frontend', { team: 'data' }))
  assert.equal(store.find(key)?.client.team?.limits.concurrency, 9)
  const { team: _, ...alone } = { name: 'frontend', team: 'data' }
  await store.refresh(await at.revise('frontend', { ...alone, team: undefined }))
  assert.equal(store.find(key)?.client.team, undefined)
})

test('revoked keys and the keys of a deleted client are refused as revoked', async t => {
  const at = await fixture(t)
  const revoked = await at.client({ name: 'one' })
  const deleted = await at.client({ name: 'two' })
  const store = await at.store()
  await Promise.all([store.load(revoked), store.load(deleted)])
  await at.revoke(revoked)
  await store.refresh(await at.remove('two'))
  assert.ok(store.find(revoked)?.key.revokedAt)
  assert.equal(store.find(deleted)?.client.closed, 'deleted')
})

test('the name of a deleted client is free, and a new client with it has another id', async t => {
  const at = await fixture(t)
  const before = await (await at.store()).load(await at.client({ name: 'frontend' }))
  await at.remove('frontend')
  const after = await (await at.store()).load(await at.client({ name: 'frontend' }))
  assert.notEqual(before?.client.id, after?.client.id)
})

test('a look-up that ends after a revocation does not restore the key', async t => {
  const at = await fixture(t)
  const link = await linkTo(t, at.url)
  const key = await at.client({ name: 'frontend' })
  const store = await at.store({ url: link.url })
  const response = link.hold()
  const looking = store.load(key)
  await response.isWaiting
  await store.refresh(await at.revoke(key))
  response.release()
  assert.ok((await looking)?.key.revokedAt)
  assert.ok(store.find(key)?.key.revokedAt)
})

for (const { what, make, isSo } of [
  {
    what: 'a revocation',
    make: (at: Fixture, key: string) => at.revoke(key),
    isSo: (known: Known | undefined) => known?.key.revokedAt !== undefined,
  },
  {
    what: 'a change of its client',
    make: (at: Fixture) => at.revise('frontend', { disabled: true }),
    isSo: (known: Known | undefined) => known?.client.closed === 'disabled',
  },
  {
    what: 'a change of its team',
    make: (at: Fixture) => at.team('web', { limits: { concurrency: 1 } }),
    isSo: (known: Known | undefined) => known?.client.team?.limits.concurrency === 1,
  },
  {
    what: 'a change of the gateway',
    make: (at: Fixture) => at.gateway({ limits: { concurrency: 1 } }),
    isSo: (known: Known | undefined) => known?.client.gateway.limits.concurrency === 1,
  },
]) {
  test(`a look-up that ends in the middle of a refresh does not outlive ${what}`, async t => {
    const at = await fixture(t)
    const link = await linkTo(t, at.url)
    const cached = await at.client({ name: 'backend' })
    const late = await at.client({ name: 'frontend', team: 'web' })
    const store = await at.store({ url: link.url })
    // Two connections are open: a new one would be served first, and more than once.
    await Promise.all([store.load(cached), store.load('AAAAAAAA')])

    const response = link.hold()
    const looking = store.load(late)
    await response.isWaiting
    await at.revoke(cached)
    const version = await make(at, late)
    const reading = link.hold(1) // what changed passes, the changed rows wait
    const refreshing = store.refresh(version)
    await reading.isWaiting
    response.release()
    assert.ok(!isSo(await looking), 'as it was before')
    reading.release()
    await refreshing

    assert.ok(isSo(store.find(late) ?? (await store.load(late))))
  })
}

test('simultaneous callers that wait for a newer version all see it applied', async t => {
  const at = await fixture(t)
  const key = await at.client({ name: 'frontend' })
  const store = await at.store()
  await store.load(key)
  const version = await at.revoke(key)
  await Promise.all(Array.from({ length: 100 }, () => store.refresh(version)))
  assert.equal(store.version, version)
  assert.ok(store.find(key)?.key.revokedAt)
})

test('a replica that is far behind, or finds a gap in the log, drops its whole cache', async t => {
  const at = await fixture(t)
  const key = await at.client({ name: 'frontend' })
  const store = await at.store()
  await store.load(key)
  await at.revoke(key)
  const version = await at.gateway({ limits: { concurrency: 1 } })
  await at.pool.query('delete from changes where version < $1', [version])
  await store.refresh(version)
  assert.equal(store.version, version)
  assert.equal(store.find(key), undefined)
  assert.ok((await store.load(key))?.key.revokedAt)
})

test('a database restored from a backup gets a version above all earlier ones', async t => {
  const at = await fixture(t)
  const key = await at.client({ name: 'frontend' })
  const store = await at.store()
  const another = await at.store()
  await store.load(key)
  await another.load(key)
  const before = store.version
  await at.pool.query('update configuration set version = 1')
  await at.pool.query('update keys set revoked_at = now()')
  await store.poll()
  assert.ok(store.version > before)
  await another.poll()
  for (const one of [store, another]) assert.ok((await one.load(key))?.key.revokedAt)
})

test('the database catches up with a version that only Redis has', async t => {
  const at = await fixture(t)
  const store = await at.store()
  await store.refresh(1000)
  assert.ok(store.version >= 1000)
})

test('known keys work while Postgres is unreachable, unknown keys and newer versions are unavailable, and both recover', async t => {
  const at = await fixture(t)
  const link = await linkTo(t, at.url)
  const known = await at.client({ name: 'frontend' })
  const unknown = await at.client({ name: 'backend' })
  const store = await at.store({ url: link.url })
  await store.load(known)

  link.cut()
  const version = await at.revoke(known)
  assert.equal(store.find(known)?.client.name, 'frontend')
  await assert.rejects(store.load(unknown), { code: 'unavailable', statusCode: 503 })
  await assert.rejects(store.refresh(version), { code: 'unavailable', statusCode: 503 })

  link.restore()
  await store.refresh(version)
  assert.ok(store.find(known)?.key.revokedAt)
  assert.equal((await store.load(unknown))?.client.name, 'backend')
})

test('a Postgres that does not respond counts as unreachable, and does not delay callers', async t => {
  const at = await fixture(t)
  const link = await linkTo(t, at.url)
  const key = await at.client({ name: 'frontend' })
  const store = await at.store({ url: link.url })
  link.hold()
  await assert.rejects(store.load(key), { code: 'unavailable' })
  assert.equal((await store.load(key))?.client.name, 'frontend', 'the next one takes another connection')
})

test('no key is accepted before the configuration is loaded', async t => {
  const at = await fixture(t)
  const link = await linkTo(t, at.url)
  link.cut()
  await assert.rejects(at.store({ url: link.url }))
})

test('unreadable settings exclude their client, and no other', async t => {
  const at = await fixture(t)
  const broken = await at.client({ name: 'broken' })
  const sound = await at.client({ name: 'sound' })
  const store = await at.store()
  await Promise.all([store.load(broken), store.load(sound)])
  await at.revise('sound', { disabled: true })
  const version = await at.revise('broken', { limits: { requests: { capacity: 1, per: '1 fortnight' } } })
  await store.refresh(version)
  assert.equal(store.find(sound)?.client.closed, 'disabled')
  assert.equal(store.find(broken), undefined)
  await assert.rejects(store.load(broken), { code: 'unavailable' })
})

test('simultaneous changes get separate versions, and none is missed', async t => {
  const at = await fixture(t)
  const names = Array.from({ length: 20 }, (_, i) => `client-${i}`)
  const keys = await Promise.all(names.map(name => at.client({ name })))
  const store = await at.store()
  await Promise.all(keys.map(key => store.load(key)))
  const versions = await Promise.all(names.map(name => at.revise(name, { disabled: true })))
  assert.equal(new Set(versions).size, names.length)
  await store.refresh(Math.max(...versions))
  for (const key of keys) assert.equal(store.find(key)?.client.closed, 'disabled')
})
