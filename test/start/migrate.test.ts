import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'
import { migrate } from '../../src/start/migrate.ts'
import { emptyDatabase, temporaryFolder } from '../servers.ts'

async function query(t: TestContext, url: string, sql: string) {
  const client = new Client(url)
  await client.connect()
  t.after(() => client.end())
  return (await client.query(sql)).rows
}

async function folderOf(t: TestContext, files: Record<string, string>): Promise<URL> {
  const folder = await temporaryFolder(t)
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql)
  return pathToFileURL(`${folder}/`)
}

test('replicas that start together bring the schema up exactly once', async t => {
  const { url } = await emptyDatabase(t)
  const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(url)))
  const names = applied.flat()
  assert.ok(names.includes('001_clients.sql'))
  assert.equal(new Set(names).size, names.length, 'each file was applied by one of them')
  assert.equal(applied.filter(list => list.length > 0).length, 1)
  const rows = await query(t, url, 'select name from migrations order by number')
  assert.deepEqual(
    rows.map(({ name }) => name),
    names,
  )
})

test('a database that is up to date is not changed', async t => {
  const { url } = await emptyDatabase(t)
  await migrate(url)
  assert.deepEqual(await migrate(url), [])
})

test('a faulty migration changes nothing, and its error names the fault', async t => {
  const { url } = await emptyDatabase(t)
  const folder = await folderOf(t, {
    '001_good.sql': 'create table good (id int)',
    '002_bad.sql': 'create table bad (id nonsense)',
  })
  await assert.rejects(migrate(url, folder), /002_bad\.sql: type "nonsense" does not exist/)
  const [found] = await query(
    t,
    url,
    `select to_regclass('good') as good, to_regclass('migrations') as migrations`,
  )
  assert.deepEqual(found, { good: null, migrations: null })
})

test('a replica older than the schema starts on it, and changes nothing', async t => {
  const { url } = await emptyDatabase(t)
  const newer = await folderOf(t, {
    '001_a.sql': 'create table a (id int)',
    '002_b.sql': 'create table b (id int)',
  })
  const older = await folderOf(t, { '001_a.sql': 'create table a (id int)' })
  await migrate(url, newer)
  assert.deepEqual(await migrate(url, older), [])
})

test('a missing migration is applied after one with a higher number', async t => {
  const { url } = await emptyDatabase(t)
  await migrate(url, await folderOf(t, { '002_b.sql': 'create table b (id int)' }))
  const both = await folderOf(t, {
    '001_a.sql': 'create table a (id int)',
    '002_b.sql': 'create table b (id int)',
  })
  assert.deepEqual(await migrate(url, both), ['001_a.sql'])
})
