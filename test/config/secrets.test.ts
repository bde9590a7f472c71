/** Secrets go through every path, and appear in no log line, error, response or header. */

import assert from 'node:assert/strict'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { query } from '../../src/embedded/postgres.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { ADMIN_TOKEN, message, startGateway, UPSTREAM_KEY } from '../gateway.ts'
import { upstreamSecrets } from '../provider.ts'
import { freePort, ownPostgres, ownRedis, temporaryFolder } from '../servers.ts'
import { until } from '../until.ts'

const PROMPT = 'the-secret-in-the-prompt'
const HEADER = 'the-secret-in-a-header'
const METRICS_TOKEN = 'the-secret-of-the-metrics'

const paths: [
  title: string,
  prompt: string,
  more?: Record<string, unknown>,
  headers?: Record<string, string>,
][] = [
  ['a response', `${PROMPT}`],
  ['a cached response', `${PROMPT}`],
  ['a stream', `${PROMPT}`, { stream: true }],
  ['a refusal', `${PROMPT}`, { model: 'claude-opus-5-5' }],
  ['a wrong field', `${PROMPT}`, { max_tokens: PROMPT }],
  ['a refused key', `${PROMPT} [[scenario: status 401]]`],
  ['a spend limit', `${PROMPT} [[scenario: status 429 enforced_spend_limit_reached]]`],
  ['a failing provider', `${PROMPT} [[scenario: status 500]]`],
  ['a limiting provider', `${PROMPT} [[scenario: status 429]]`],
  ['a fault of the caller', `${PROMPT} [[scenario: status 400]]`],
  ['a dying provider', `${PROMPT} [[scenario: die]]`],
  ['a dying stream', `${PROMPT} [[scenario: die after 2]]`, { stream: true }],
  ['nonsense', `${PROMPT} [[scenario: nonsense html]]`],
  ['an unread header', `${PROMPT}`, {}, { cookie: HEADER, 'x-other': HEADER, 'idempotency-key': HEADER }],
  ['two keys', `${PROMPT}`, {}, { authorization: `Bearer tg_${HEADER}` }],
]

test('no secret of the gateway, a caller or the provider is in any output', async t => {
  const gateway = await startGateway(t, { env: { LOG_LEVEL: 'trace', METRICS_TOKEN } })
  const key = await gateway.client({ name: 'frontend', models: ['claude-haiku-*'], budget: { day: 5 } })
  // The part after `tg_<8 characters>_`; it may contain underscores.
  const secretPart = key.slice(12)
  const mayShowInResponses = new Set([PROMPT])
  const secrets = [UPSTREAM_KEY, ADMIN_TOKEN, METRICS_TOKEN, secretPart, HEADER, PROMPT, ...upstreamSecrets]

  for (const [title, prompt, more, headers] of paths) {
    await t.test(title, async () => {
      const response = await gateway.post('/v1/messages', key, message(prompt, more), {
        headers: headers ?? {},
      })
      const seen = [...response.headers].join('\n') + (await response.text().catch(() => ''))

      for (const secret of secrets) {
        if (!mayShowInResponses.has(secret)) assert.ok(!seen.includes(secret), `${secret} in the response`)
      }
    })
  }
  await gateway.post('/v1/messages', `tg_abcdefgh_${'x'.repeat(43)}`, message(PROMPT))
  await fetch(`${gateway.url}/admin/clients`, { headers: { authorization: `Bearer wrong-${HEADER}` } })
  for (const token of [METRICS_TOKEN, `${METRICS_TOKEN}-and-more`]) {
    const response = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
    const seen = [...response.headers].join('\n') + (await response.text())
    for (const secret of secrets) assert.ok(!seen.includes(secret), `${secret} at /metrics`)
  }

  await until(async () => gateway.calls().length === paths.length + 1)
  const log = JSON.stringify(gateway.lines)
  for (const secret of secrets) assert.ok(!log.includes(secret), `${secret} in the log`)
})

/** Parts of a driver's error that must not be logged: the sent text, and its repetition by the server. */
const SENT = [/"args"/, /"command"/, /"query"/, /"parameters"/, /"detail"/, /redis\.call/, /KEYS\[/]
const PASSWORDS = ['p%40ss/word-of-redis', 'p@ss/word-of-redis', 'p@ss/word-of-postgres', 'rds', 'pgs']

/** The log has the driver's errors, but no text that the driver has sent. */
function assertClean(lines: object[], expected: RegExp) {
  const log = JSON.stringify(lines)
  assert.match(log, expected)
  for (const secret of PASSWORDS) assert.ok(!log.includes(secret), `${secret} in ${log}`)
  for (const sent of SENT) assert.doesNotMatch(log, sent)
}

test('the log has no password and no script after an error of a store', async t => {
  const port = await freePort()
  const redis = await ownRedis(t, { port })
  const operator = connectRedis(redis.url)
  t.after(() => operator.disconnect())
  const access = join(await temporaryFolder(t), 'pg_hba.conf')
  await writeFile(access, 'local all tollgate trust\nlocal all all scram-sha-256\n')
  await chmod(access, 0o644)
  const postgres = await ownPostgres(t, { hba_file: access })
  await query(postgres.url, "create role app superuser login password 'p@ss/word-of-postgres'")
  await operator.call('acl', 'setuser', 'app', 'on', '>p@ss/word-of-redis', '~*', '&*', '+@all')
  // Neither is in the configuration here, so the redactor does not know them.
  const gateway = await startGateway(t, {
    env: { LOG_LEVEL: 'trace' },
    redisUrl: `redis://app:p%40ss%2Fword-of-redis@127.0.0.1:${port}`,
    databaseUrl: postgres.url.replace('tollgate@', `app:${encodeURIComponent('p@ss/word-of-postgres')}@`),
  })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  const call = () => gateway.post('/v1/messages', key, message('hello')).then(response => response.text())
  const seen = async (words: RegExp) => words.test(JSON.stringify(gateway.lines))

  await t.test('a replica that cannot be written to', async () => {
    await operator.replicaof('127.0.0.1', await freePort())
    await until(async () => {
      await call()
      return seen(/READONLY/)
    })
    await operator.replicaof('no', 'one')
    assertClean(gateway.lines, /READONLY/)
  })

  await t.test('another password of Postgres', async () => {
    await query(postgres.url, "alter role app password 'another'")
    await query(postgres.url, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'")
    await until(() => seen(/password authentication failed/))
    assertClean(gateway.lines, /"code":"28P01"/)
  })

  await t.test('another password of Redis, with a user', async () => {
    await operator.call('acl', 'setuser', 'app', 'resetpass', '>another')
    await operator.call('client', 'kill', 'user', 'app')
    await until(() => seen(/WRONGPASS/))
    assertClean(gateway.lines, /WRONGPASS/)
  })
})

test('only known fields of an error are logged, also of nested errors', () => {
  const lines: string[] = []
  const log = createLogger('trace', { write: line => void lines.push(line) })
  const leaky = () =>
    Object.assign(
      new Error(`ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 'pgs'`),
      { code: 'X'.repeat(5000), command: { name: 'hello', args: ['rds'] }, query: 'rds', input: 'rds' },
    )
  const circular = leaky()
  circular.cause = circular
  const nested = [
    leaky(),
    new Error('outer', { cause: leaky() }),
    new AggregateError([leaky(), new Error('inner', { cause: leaky() })]),
    Object.assign(leaky(), { previousErrors: [leaky()], lastNodeError: leaky() }),
    circular,
    { message: 'like an error', args: ['rds'], cause: { message: 'the same', detail: 'rds' } },
    new Error('long '.repeat(10_000)),
    { secret: 'rds' },
    Object.defineProperty(new Error(), 'message', {
      get() {
        throw new Error('rds')
      },
    }),
  ]
  for (const error of nested) {
    log.error({ err: error }, 'under its name')
    if (error instanceof Error) log.error({ reason: error }, 'under another name')
  }

  assert.match(lines[0] ?? '', /"type":"Error","message":"ERR unknown command 'HELLO'"/)
  assertClean(
    lines.map(line => JSON.parse(line)),
    /"aggregateErrors"/,
  )
  for (const line of lines) assert.ok(line.length < 10_000, line)
})
