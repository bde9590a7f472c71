/** The audit: every change leaves who, what, before, after, when and under which request; nothing else does. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Replica, startReplica } from './replica.ts'

interface AuditEvent {
  id: string
  at: string
  who: string
  action: string
  target: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  requestId: string
}

async function audit(
  replica: Replica,
  query = '',
): Promise<{ auditEvents: AuditEvent[]; next: string | undefined }> {
  const { status, body } = await replica.admin('GET', `/audit${query}`)
  assert.equal(status, 200, JSON.stringify(body))
  const { audit: auditEvents, next } = body as { audit: AuditEvent[]; next?: string }
  return { auditEvents, next }
}

test('the audit records every kind of change with the values before and after it', async t => {
  const replica = await startReplica(t)
  const { admin } = replica
  await admin('POST', '/clients', { name: 'frontend', budget: { day: 5 } })
  await admin('PATCH', '/clients/frontend', { budget: { day: 10 } })
  const { id } = (await admin('POST', '/clients/frontend/keys')).body
  const { id: second } = (await admin('POST', `/keys/${id}/rotate`, { graceSeconds: 0 })).body
  await admin('DELETE', `/keys/${second}`)
  await admin('PUT', '/teams/web', { budget: { month: 100 } })
  await admin('PUT', '/gateway', { limits: { concurrency: 9 } })
  await admin('POST', '/tokens', { name: 'ci', role: 'viewer' })
  await admin('DELETE', '/tokens/ci')
  await admin('DELETE', '/clients/frontend')

  const { auditEvents } = await audit(replica)

  const written = auditEvents.toReversed().map(({ action, target }) => `${action} ${target}`)
  assert.deepEqual(written, [
    'client.create client:frontend',
    'client.update client:frontend',
    `key.create key:${id}`,
    `key.rotate key:${id}`,
    `key.revoke key:${second}`,
    'team.put team:web',
    'gateway.put gateway',
    'token.create token:ci',
    'token.revoke token:ci',
    'client.delete client:frontend',
  ])
  const [create, update, , rotate, revoke, , gateway] = auditEvents.toReversed()
  assert.equal(create?.before, null)
  assert.deepEqual([update?.before?.budget, update?.after?.budget], [{ day: 5 }, { day: 10 }])
  assert.deepEqual([rotate?.before?.status, rotate?.after?.status], ['active', 'expired'])
  assert.deepEqual([revoke?.before?.status, revoke?.after?.status], ['active', 'revoked'])
  assert.deepEqual([gateway?.before, gateway?.after], [{}, { limits: { concurrency: 9 } }])
  assert.equal(auditEvents[0]?.after, null)
})

test('an audit event names the token and the request', async t => {
  const replica = await startReplica(t)
  const made = await replica.admin('POST', '/tokens', { name: 'ci', role: 'admin' })

  await replica.admin('POST', '/clients', { name: 'a' }, { token: String(made.body.token) })

  const [auditEvent] = (await audit(replica)).auditEvents
  assert.equal(auditEvent?.who, 'ci')
  const line = replica.lines.findLast(({ msg }) => msg === 'the configuration was changed')
  assert.deepEqual([line?.who, line?.target, line?.reqId], ['ci', 'client:a', auditEvent?.requestId])
})

test('the audit contains no secret', async t => {
  const replica = await startReplica(t)
  const { key } = await replica.client({ name: 'frontend' })
  const token = String((await replica.admin('POST', '/tokens', { name: 'ci', role: 'admin' })).body.token)
  const rotated = await replica.admin('POST', `/keys/${key.slice(3, 11)}/rotate`)

  const { rows } = await replica.app.pg.query('select to_json(audit)::text as row from audit')

  const text = JSON.stringify(rows)
  for (const secret of [key, token, String(rotated.body.key)]) {
    assert.ok(!text.includes(secret.slice(-43)))
  }
  assert.doesNotMatch(text, /sha256/)
})

test('a refused request and an unchanged setting write no audit event', async t => {
  const replica = await startReplica(t)
  const { key } = await replica.client({ name: 'frontend', budget: { day: 5 } })
  const id = key.slice(3, 11)
  await replica.admin('DELETE', `/keys/${id}`)
  const before = (await audit(replica)).auditEvents.length

  await replica.admin('DELETE', `/keys/${id}`)
  await replica.admin('PATCH', '/clients/frontend', { budget: { day: 5 } })
  await replica.admin('PUT', '/gateway', {})
  await replica.admin('POST', '/clients', { name: 'frontend' })
  await replica.admin('PATCH', '/clients/frontend', { budget: { day: -5 } })
  await replica.admin('DELETE', '/clients/missing')

  assert.equal((await audit(replica)).auditEvents.length, before)
})

test('a change is rolled back if its audit event cannot be written', async t => {
  const replica = await startReplica(t)
  await replica.app.pg.query('drop table audit')

  const response = await replica.admin('POST', '/clients', { name: 'frontend' })

  assert.equal(response.status, 500)
  assert.equal((await replica.admin('GET', '/clients/frontend')).status, 404)
})

test('the audit list pages through each event once, and filters by actor, target, action and time', async t => {
  const replica = await startReplica(t)
  for (const name of ['a', 'b', 'c', 'd', 'e']) await replica.admin('POST', '/clients', { name })
  await replica.admin('PATCH', '/clients/c', { budget: { day: 1 } })
  const targets: string[] = []

  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const { auditEvents, next } = await audit(replica, `?limit=4${cursor && `&cursor=${cursor}`}`)
    targets.push(...auditEvents.map(({ target }) => target))
    cursor = next
  }

  assert.deepEqual(
    targets,
    ['c', 'e', 'd', 'c', 'b', 'a'].map(name => `client:${name}`),
  )
  const count = async (query: string) => (await audit(replica, query)).auditEvents.length
  assert.equal(await count('?target=client:c'), 2)
  assert.equal(await count('?target=client:c&action=client.update'), 1)
  assert.equal(await count('?who=ADMIN_TOKEN'), 6)
  assert.equal(await count('?who=missing'), 0)
  const { at } = (await audit(replica, '?limit=1')).auditEvents[0] ?? { at: '' }
  assert.equal(await count(`?from=${at}`), 1)
  assert.equal(await count(`?to=${at}`), 5)
  assert.equal(await count('?to=2020-01-01'), 0)
  for (const wrong of ['?action=client.paint', '?cursor=x', '?from=yesterday', '?page=2', '?limit=0']) {
    assert.equal((await replica.admin('GET', `/audit${wrong}`)).status, 400, wrong)
  }
})
