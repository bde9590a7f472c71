/** A store that refuses ends the start before a port is opened, with one line; one that is away is waited for. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Client } from 'pg'
import { buildApp } from '../../src/app.ts'
import { environment } from '../../src/config/config.ts'
import { query } from '../../src/embedded/postgres.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { postgresFault } from '../../src/start/store-faults.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import {
  emptyDatabase,
  freePort,
  ownPostgres,
  ownRedis,
  temporaryFolder,
  testDatabase,
  testRedis,
} from '../servers.ts'
import { oldPostgres, oldRedis } from './old-stores.ts'

/** The line with which a start with these stores fails; empty if it succeeds. */
async function lineOf(given: { redisUrl?: string; databaseUrl?: string }, t: TestContext): Promise<string> {
  const redisUrl = given.redisUrl ?? (await testRedis(t)).url
  const databaseUrl = given.databaseUrl ?? (await testDatabase(t)).url
  const lines: string[] = []
  const logger = createLogger('info', { write: text => void lines.push(text) })
  const app = await buildApp(environment({ EZAI_API_KEY: 'key' }), { redisUrl, databaseUrl }, logger)
  try {
    await app.listen({ port: 0 })
  } catch (error) {
    assert.equal(app.server.listening, false)
    assert.doesNotMatch(lines.join(''), /wrong-one|right-one/)
    return error instanceof Error ? error.message : String(error)
  } finally {
    await app.close()
  }
  return ''
}

/** Each names the variable, what was found, what is expected and how to fix it, in one line, without the password. */
function assertLine(line: string, expected: RegExp) {
  assert.match(line, expected)
  assert.match(line, /^(REDIS|DATABASE)_URL: (Redis|Postgres) at \S.*: found .+, expected .+\. [A-Z].+$/)
  assert.doesNotMatch(line, /wrong-one|right-one|\n/)
}

test('a Redis that refuses is named before a port is opened', async t => {
  const [port, replicaPort] = [await freePort(), await freePort()]
  const redis = await ownRedis(t, { port })
  const operator = connectRedis(redis.url)
  t.after(() => operator.disconnect())
  await operator.call(
    'acl',
    'setuser',
    'reader',
    'on',
    '>right-one',
    '~*',
    '+@read',
    '+info',
    '+hello',
    '+auth',
  )
  await operator.call('acl', 'setuser', 'elsewhere', 'on', '>right-one', '~other:*', '+@all')
  const line = (url: string) => lineOf({ redisUrl: url }, t)

  await t.test('an unknown user or a wrong password', async () => {
    const url = `redis://reader:wrong-one@127.0.0.1:${port}`
    assertLine(
      await line(url),
      new RegExp(`^REDIS_URL: Redis at 127.0.0.1:${port}: found a password that the server refuses`),
    )
  })
  await t.test('a user without rights', async () => {
    for (const user of ['reader', 'elsewhere'])
      assertLine(
        await line(`redis://${user}:right-one@127.0.0.1:${port}`),
        /found a user without the rights .*NOPERM/,
      )
  })
  await t.test('an unknown database', async () => {
    assertLine(await line(`redis://127.0.0.1:${port}/99`), /found a database number/)
  })
  await t.test('a server that is not Redis', async () => {
    const other = await oldPostgres(t, '18.0')
    assertLine(await line(`redis://127.0.0.1:${other}`), /does not use the protocol of Redis/)
  })
  await t.test('a replica', async () => {
    await ownRedis(t, { port: replicaPort, args: ['--replicaof', '127.0.0.1', String(port)] })
    assertLine(
      await line(`redis://127.0.0.1:${replicaPort}`),
      new RegExp(`found a replica of 127.0.0.1:${port}`),
    )
  })
  await t.test('a Redis that evicts', async () => {
    await operator.config('SET', 'maxmemory-policy', 'allkeys-lru')
    assertLine(await line(redis.url), /maxmemory-policy allkeys-lru, expected noeviction/)
    await operator.config('SET', 'maxmemory-policy', 'noeviction')
  })
  await t.test('a missing password', async () => {
    await operator.config('SET', 'requirepass', 'right-one')
    assertLine(await line(redis.url), /found no password, and a server that asks for one/)
    assertLine(await line(`redis://:wrong-one@127.0.0.1:${port}`), /a password that the server refuses/)
    assert.equal(await line(`redis://:right-one@127.0.0.1:${port}`), '')
  })
  await t.test('an old version', async () => {
    for (const version of ['5.0.14', '6.2.7']) {
      const old = await oldRedis(t, version)
      assertLine(
        await line(`redis://:right-one@127.0.0.1:${old}`),
        new RegExp(`found Redis ${version}, expected Redis 7 or newer`),
      )
    }
  })
})

test('a Postgres that refuses is named before a port is opened', async t => {
  const access = join(await temporaryFolder(t), 'pg_hba.conf')
  const hba = [
    'local all tollgate trust',
    'local tollgate all scram-sha-256',
    'local others all scram-sha-256',
  ]
  await writeFile(access, `${hba.join('\n')}\n`)
  await chmod(access, 0o644)
  const { url } = await ownPostgres(t, { hba_file: access })
  for (const statement of [
    "create role app login password 'right-one'",
    "create role reader login password 'right-one'",
    'create database others owner app',
  ])
    await query(url, statement)
  const as = (access: string, database = 'tollgate') =>
    url.replace('tollgate@', `${access}@`).replace('/tollgate?', `/${database}?`)
  const line = (databaseUrl: string) => lineOf({ databaseUrl }, t)

  await t.test('a wrong password, no password, and an unknown user', async () => {
    assertLine(
      await line(as('app:wrong-one')),
      /a user "app" that the server refuses \(password authentication failed/,
    )
    assertLine(await line(as('app')), /no password for the user "app"/)
    assertLine(await line(as('who:wrong-one')), /a user "who" that the server refuses/)
    assertLine(
      await line(as('app:right-one', 'postgres')),
      /a user "app" that the server refuses \(no pg_hba.conf entry/,
    )
  })
  await t.test('an unknown database', async () => {
    assertLine(await line(as('tollgate', 'nowhere')), /no database "nowhere", .* CREATE DATABASE "nowhere"/)
  })
  await t.test('a user without rights', async () => {
    assertLine(await line(as('app:right-one')), /without the rights .*permission denied for schema public/)
    assert.equal(await line(as('app:right-one', 'others')), '')
    const admin = as('tollgate', 'others')
    await query(
      admin,
      'grant all on schema public to reader; grant select on all tables in schema public to reader',
    )
    assertLine(await line(as('reader:right-one', 'others')), /may not read and write all tables \(/)
  })
  await t.test('a read-only database', async () => {
    await query(url, 'alter database others set default_transaction_read_only = on')
    assertLine(await line(as('app:right-one', 'others')), /found a read-only database/)
  })
  await t.test('an old version', async () => {
    const old = await oldPostgres(t, '14.19 (Debian 14.19-1)')
    assertLine(
      await line(`postgres://app:right-one@127.0.0.1:${old}/tollgate?sslmode=disable`),
      /found Postgres 14.19 .*, expected Postgres 15 or newer/,
    )
  })
})

test('a Postgres that accepts the connection and does not respond counts as away', async t => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const url = `postgres://tollgate@127.0.0.1:${(silent.address() as AddressInfo).port}/tollgate`
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 20 })

  const error = await client.connect().catch(thrown => thrown)

  assert.match(String(error), /timeout expired/)
  assert.equal(postgresFault(error, { url, variable: 'DATABASE_URL' }), undefined)
})

test('the port opens while stores are away', async t => {
  const nowhere = await freePort()
  const [redisUrl, databaseUrl] = [`redis://localhost:${nowhere}`, `postgres://localhost:${nowhere}/x`]

  assert.equal(await lineOf({ redisUrl, databaseUrl }, t), '')
  const { url } = await emptyDatabase(t)
  assert.equal(await lineOf({ redisUrl: 'redis://redis.invalid', databaseUrl: url }, t), '')
})
