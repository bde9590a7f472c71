import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { documentation, preamble } from '../../src/config/config.ts'
import { workersOf } from '../../src/config/workers.ts'
import { configOf } from '../config-of.ts'
import { temporaryFolder } from '../when-over.ts'

const upstream = { EZAI_API_KEY: 'ezai-key' }

test('only an upstream key is required', () => {
  const config = configOf(upstream)

  assert.equal(config.PORT, 4000)
  assert.equal(config.HOST, '127.0.0.1')
  assert.equal(config.BUDGET_STATUS_OPENAI, 402)
})

test('the error lists every invalid variable with the found value, the expected value and how to fix it', () => {
  const faulty = { PORT: 'http', CACHE_TTL_SECONDS: '-1', BUDGET_STATUS_OPENAI: '403' }

  assert.throws(
    () => configOf(faulty),
    (error: Error) => {
      const lines = error.message.split('\n')
      assert.deepEqual(
        lines.map(line => line.split(':')[0]),
        ['PORT', 'CACHE_TTL_SECONDS', 'BUDGET_STATUS_OPENAI', 'EZAI_API_KEY'],
      )
      for (const line of lines) assert.match(line, /found .+, expected .+\. (Correct|Set)/)
      return true
    },
  )
})

for (const [name, value] of [
  ['DEFAULT_MAX_TOKENS', '1.5'],
  ['BODY_LIMIT_BYTES', '0'],
  ['DRAIN_SECONDS', '1000000000'],
  ['EZAI_BASE_URL', 'https://ezaiapi.com/v1'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://['],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
  ['OTEL_EXPORTER_OTLP_TRACES_COMPRESSION', 'br'],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', '0'],
  ['OTEL_BSP_MAX_QUEUE_SIZE', '1e3'],
  ['OTEL_SDK_DISABLED', 'yes'],
  ['WORKERS', '0'],
  ['WORKERS', '1.5'],
  ['WORKERS', 'all'],
  ['METRICS_PORT', '4000'],
  ['METRICS_PORT', '65536'],
  ['METRICS_PORT', 'yes'],
  ...[
    ...[
      'ai.example.com',
      'ftp://ai.example.com',
      'https://',
      'https://ai.example.com/?a=1',
      'https://ai.example.com/#a',
    ],
    ...[
      'https://user:secret@ai.example.com',
      'https://ai.example.com:99999',
      'https://[::1',
      'https://ai.example.com/<a|b>',
    ],
  ].map(url => ['PUBLIC_URL', url] as const),
  ['CORS_ORIGINS', 'app.example.com'],
  ['CORS_ORIGINS', 'https://app.example.com/'],
  ['CORS_ORIGINS', 'https://*.example.com'],
  ['CORS_ORIGINS', 'https://a.example.com,,https://b.example.com'],
  ['CORS_ORIGINS', 'https://a.example.com,*'],
] as const) {
  test(`${name}=${value} is refused`, () => {
    assert.throws(() => configOf({ ...upstream, [name]: value }), new RegExp(`^Error: ${name}: found`))
  })
}

test('an invalid secret is not shown', () => {
  assert.throws(
    () => configOf({ ...upstream, ADMIN_TOKEN: 'very secret' }),
    (error: Error) =>
      error.message.includes('a value of 11 characters') && !error.message.includes('very secret'),
  )
})

test('a password in an invalid URL is not shown', () => {
  const faulty = {
    EZAI_BASE_URL: 'http://user:hidden/@host/v1',
    PUBLIC_URL: 'https://u:hidden@host',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'u:hidden@host',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://u:hidden@host:notaport',
    CORS_ORIGINS: 'https://u:hidden@host,https://v:hidden@host',
  }

  assert.throws(
    () => configOf({ ...upstream, ...faulty }),
    ({ message }: Error) => {
      assert.doesNotMatch(message, /hidden/)
      for (const name of Object.keys(faulty))
        assert.match(message, new RegExp(`^${name}: found ".*\\*@host`, 'm'))
      return true
    },
  )
})

test('WORKERS is a number of processes, or one for each core', () => {
  const workers = (WORKERS: string) => workersOf(configOf({ ...upstream, WORKERS }))

  assert.equal(workersOf(configOf(upstream)), 1)
  assert.equal(workers('3'), 3)
  assert.equal(workers('auto'), availableParallelism())
  assert.throws(
    () => workers('0'),
    /^Error: WORKERS: found "0", expected a whole number of processes from 1 to 999, or auto\. Correct it/,
  )
})

test('METRICS_PORT may be any port except PORT', () => {
  const ports = (PORT: string, METRICS_PORT: string) => configOf({ ...upstream, PORT, METRICS_PORT })

  assert.equal(ports('9464', '4000').METRICS_PORT, 4000)
  assert.equal(ports('0', '0').METRICS_PORT, 0)
  assert.throws(
    () => ports('9464', '09464'),
    /^Error: METRICS_PORT: found 9464, which is PORT as well, expected another port/,
  )
})

test('an empty variable counts as unset', () => {
  assert.equal(configOf({ ...upstream, PORT: '', REDIS_URL: '' }).PORT, 4000)
})

async function secretFile(t: TestContext, content: string): Promise<string> {
  const file = join(await temporaryFolder(t), 'secret')
  await writeFile(file, content)
  return file
}

const secrets = documentation.flatMap(({ name, secret }) => (secret ? [name] : []))

for (const name of secrets) {
  test(`${name} can come from the file that ${name}_FILE names, without the line end`, async t => {
    const value = {
      REDIS_URL: 'redis://localhost',
      DATABASE_URL: 'postgres://localhost/x',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=secret',
    }[name]
    const secret = value ?? 'https://hooks.example.com/secret'
    const file = await secretFile(t, `${secret}\r\n`)

    const config = configOf({ ...(name !== 'EZAI_API_KEY' && upstream), [`${name}_FILE`]: file })

    assert.equal(Object.entries(config).find(([variable]) => variable === name)?.[1], secret)
    assert.deepEqual(config.secretFiles, { [name]: file })
  })
}

test('a duplicate secret and an empty, missing, unreadable or invalid secret file give one error each', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'folder'))
  const faulty = {
    EZAI_API_KEY_FILE: join(folder, 'nowhere'),
    REDIS_URL_FILE: await secretFile(t, 'a-secret-without-scheme'),
    DATABASE_URL_FILE: await secretFile(t, '\n'),
    ADMIN_TOKEN: 'once',
    ADMIN_TOKEN_FILE: await secretFile(t, 'twice'),
    ALERT_WEBHOOK_SECRET_FILE: join(folder, 'folder'),
  }

  assert.throws(
    () => configOf(faulty),
    (error: Error) => {
      const lines = error.message.split('\n')
      assert.match(lines[0] ?? '', /^EZAI_API_KEY_FILE: found ".*nowhere", which cannot be read \(ENOENT\)/)
      assert.match(
        lines[1] ?? '',
        /^REDIS_URL_FILE: found a value of 23 characters in ".*", expected a redis:/,
      )
      assert.match(lines[2] ?? '', /^DATABASE_URL_FILE: found an empty file/)
      assert.match(lines[3] ?? '', /^ADMIN_TOKEN_FILE: found ADMIN_TOKEN as well, expected one of the two/)
      assert.match(lines[4] ?? '', /^ALERT_WEBHOOK_SECRET_FILE: found .* \(EISDIR\)/)
      assert.equal(lines.length, 5)
      assert.doesNotMatch(error.message, /once|twice|without-scheme/)
      return true
    },
  )
})

test('.env.example names every variable once, with its default and its meaning', () => {
  const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')

  const expected = documentation.map(
    ({ name, fallback, description }) =>
      `# ${description}\n${fallback === undefined ? '# ' : ''}${name}=${fallback ?? ''}\n`,
  )
  assert.equal(example, [preamble, ...expected].join('\n'))
})

test('docs/configuration.md has every variable in its table', () => {
  const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  const cells = text.split('\n').flatMap(line => (line.startsWith('| `') ? [line.split(' | ')[0] ?? ''] : []))

  const listed = cells.flatMap(cell => [...cell.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name]) => name))
  assert.deepEqual(listed.sort(), documentation.map(({ name }) => name).sort())
})
