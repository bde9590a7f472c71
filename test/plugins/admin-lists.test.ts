/** Lists of many clients, teams and budgets: searched, sorted and paged on the server. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seedClients } from '../dashboard/many-clients.ts'
import { type Replica, startReplica } from './replica.ts'

const COUNT = 1203

interface Listed {
  name: string
  team?: string
  kind?: string
  share?: number
  spentUsd?: number
  period?: string
  state?: { day: { spentUsd: number } }
}

/** Every row of a list, page by page. */
async function all(replica: Replica, path: string, list: string): Promise<Listed[]> {
  const found: Listed[] = []
  let cursor = ''
  do {
    const { status, body } = await replica.admin('GET', `${path}${cursor}`)
    assert.equal(status, 200, JSON.stringify(body))
    found.push(...(body[list] as Listed[]))
    cursor = body.next === undefined ? '' : `&cursor=${body.next}`
  } while (cursor)
  return found
}

const names = (rows: Listed[]) => rows.map(({ name }) => name)

test('long lists are searched, sorted and paged on the server', async t => {
  const replica = await startReplica(t)
  // Spend rises from the middle client on and wraps around, so that an order by name would be wrong.
  const spent = (client: number) => ((client + 601) % COUNT) / 200
  await seedClients(replica, COUNT, { spentUsd: spent })
  const everyone = Array.from({ length: COUNT }, (_, i) => `c-${String(i + 1).padStart(5, '0')}`)
  const bySpend = everyone
    .map((name, i) => ({ name, spent: spent(i + 1) }))
    .sort((a, b) => b.spent - a.spent || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name)

  await t.test('the fullest budget comes first, and pages reach every budget once', async () => {
    const budgets = await all(replica, '/budgets?limit=500', 'budgets')
    assert.deepEqual(names(budgets), bySpend)
    const { kind, team, period, spentUsd, share } = budgets[0]!
    assert.deepEqual({ kind, team, period }, { kind: 'client', team: 't-1', period: 'day' })
    assert.deepEqual([spentUsd, share], [6.01, 0.601])
  })

  await t.test('clients are listed by their fullest budget and by their spend', async () => {
    for (const sort of ['budget', 'day'])
      assert.deepEqual(names(await all(replica, `/clients?sort=${sort}&limit=500`, 'clients')), bySpend, sort)
    const [first] = (await replica.admin('GET', '/clients?sort=day&limit=1&state=true')).body
      .clients as Listed[]
    assert.equal(first?.state?.day.spentUsd, 6.01)
  })

  await t.test('a search finds part of a name or of a team, in each order', async () => {
    const last = { search: 'C-01203', name: 'c-01203' }
    for (const sort of ['name', 'budget'])
      assert.deepEqual(names(await all(replica, `/clients?sort=${sort}&search=${last.search}`, 'clients')), [
        last.name,
      ])
    assert.deepEqual(names(await all(replica, `/budgets?search=${last.search}`, 'budgets')), [last.name])
    const ofTeam = everyone.filter((_, i) => (i + 1) % 5 === 3)
    assert.deepEqual(names(await all(replica, '/clients?search=T-3&limit=100', 'clients')), ofTeam)
    assert.deepEqual(names(await all(replica, '/clients?team=t-3&limit=100', 'clients')), ofTeam)
    const { body } = await replica.admin('GET', '/clients?team=t-3&limit=1&total=true')
    assert.equal(body.total, ofTeam.length)
    assert.deepEqual(names(await all(replica, '/teams?search=3', 'teams')), ['t-3'])
  })

  await t.test('a search has no wildcards, and a cursor of another order is refused', async () => {
    assert.deepEqual(await all(replica, '/clients?search=%25', 'clients'), [])
    const { body } = await replica.admin('GET', '/clients?sort=budget&limit=1')
    for (const sort of ['name', 'day']) {
      const refused = await replica.admin('GET', `/clients?sort=${sort}&cursor=${body.next}`)
      assert.equal(refused.status, 400)
      assert.match(String(refused.body.detail), /cursor found .*, expected the value of "next"/)
    }
  })

  await t.test(
    'a budget of the gateway and of a team is in the list, and one that is 0 is full',
    async () => {
      await replica.admin('PUT', '/gateway', { budget: { month: 1_000_000 } })
      await replica.admin('PUT', '/teams/t-2', { budget: { day: 0 } })
      // The ranking is shared for some seconds.
      const other = await startReplica(t, { redisUrl: replica.redisUrl, databaseUrl: replica.databaseUrl })
      const [fullest] = await all(other, '/budgets?limit=1000', 'budgets')
      assert.deepEqual([fullest?.kind, fullest?.name, fullest?.share], ['team', 't-2', 1])
      const gateway = await all(other, '/budgets?kind=gateway', 'budgets')
      assert.deepEqual(
        gateway.map(({ kind, period }) => ({ kind, period })),
        [{ kind: 'gateway', period: 'month' }],
      )
    },
  )
})
