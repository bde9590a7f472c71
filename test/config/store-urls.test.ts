/** Redis and Postgres over TLS, with a private authority: against real servers that accept only TLS. */

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { storeUrls } from '../../src/config/store-urls.ts'
import { query } from '../../src/embedded/postgres.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { makeCertificates } from '../certificates.ts'
import { message, startGateway } from '../gateway.ts'
import { freePort, ownPostgres, ownRedis, temporaryFolder } from '../servers.ts'

test('a gateway connects to a Redis and a Postgres with TLS through their private authority', async t => {
  // Postgres keeps its port: an address of its own on the loopback avoids a conflict.
  const address = process.platform === 'linux' ? `127.${randomInt(1, 255)}.${randomInt(255)}.1` : '127.0.0.1'
  const { ca, cert, key, folder } = await makeCertificates(t, address)
  const access = join(folder, 'pg_hba.conf')
  await writeFile(access, 'local all all trust\nhostssl all all all trust\n')
  const files = { ssl: 'on', ssl_cert_file: cert, ssl_key_file: key, hba_file: access }
  await ownPostgres(t, { listen_addresses: address, ...files })
  const [plain, port] = [await freePort(), await freePort()]
  const encrypted = ['--tls-port', `${port}`, '--tls-cert-file', cert, '--tls-key-file', key]
  await ownRedis(t, {
    port: plain,
    args: [
      ...encrypted,
      '--tls-ca-cert-file',
      ca,
      '--tls-auth-clients',
      'no',
      '--bind',
      `127.0.0.1 ${address}`,
    ],
  })
  const REDIS_URL = `rediss://${address}:${port}`
  const DATABASE_URL = `postgres://tollgate@${address}:5432/tollgate?sslmode=require`
  const { redisUrl = '', databaseUrl = '' } = storeUrls({
    REDIS_URL,
    REDIS_CA_FILE: ca,
    DATABASE_URL,
    DATABASE_CA_FILE: ca,
  })

  await t.test('calls are admitted, served and recorded', async t => {
    const gateway = await startGateway(t, { redisUrl, databaseUrl })
    const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })

    assert.equal((await gateway.post('/v1/messages', key, message('hello'))).status, 200)
    assert.equal((await gateway.admin('GET', '/verify')).status, 200)
    const { rows } = await query(databaseUrl, 'select ssl from pg_stat_ssl where pid = pg_backend_pid()')
    assert.deepEqual(rows, [{ ssl: true }])
  })

  await t.test('neither store is trusted without the authority', async () => {
    const without = storeUrls({ REDIS_URL, DATABASE_URL })
    const redis = connectRedis(without.redisUrl ?? '', { lazyConnect: true, retryStrategy: () => null })
    const refused = new Promise<Error>(resolve => void redis.once('error', resolve))
    await assert.rejects(redis.connect())
    assert.match(String(await refused), /certificate/)
    await assert.rejects(query(without.databaseUrl ?? '', 'select 1'), /certificate/)
  })
})

test('each sslmode of a DATABASE_URL with TLS verifies the certificate in full', () => {
  const url = (query: string) => storeUrls({ DATABASE_URL: `postgres://db.example/x${query}` }).databaseUrl

  for (const mode of ['prefer', 'require', 'verify-ca']) {
    assert.equal(url(`?sslmode=${mode}`), 'postgres://db.example/x?sslmode=verify-full')
  }
  for (const kept of ['', '?sslmode=disable', '?sslmode=no-verify', '?uselibpqcompat=true&sslmode=require']) {
    assert.equal(url(kept), `postgres://db.example/x${kept}`)
  }
})

test('an unreadable, invalid or unused authority is an error that quotes no URL', async t => {
  const file = join(await temporaryFolder(t), 'ca.pem')
  await writeFile(file, 'no certificate')
  const redis = { REDIS_URL: 'rediss://:hidden@cache.example', REDIS_CA_FILE: '/nowhere.pem' }
  const database = { DATABASE_URL: 'postgres://x:hidden@db.example/x', DATABASE_CA_FILE: file }

  assert.throws(
    () => storeUrls({ ...redis, ...database }),
    ({ message }: Error) => {
      const [first, second] = message.split('\n')
      assert.match(first ?? '', /^REDIS_CA_FILE: found "\/nowhere.pem" \(ENOENT\), expected .* PEM/)
      assert.match(second ?? '', /^DATABASE_CA_FILE: found ".*ca.pem" \(.*\), expected .* PEM/)
      return !message.includes('hidden')
    },
  )
  assert.throws(
    () => storeUrls({ ...redis, REDIS_URL: 'redis://cache.example' }),
    /REDIS_URL with the scheme/,
  )
  assert.throws(
    () => storeUrls({ DATABASE_CA_FILE: file }),
    /DATABASE_CA_FILE: found a file, expected DATABASE/,
  )
})
