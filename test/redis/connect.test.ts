import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connectRedis, parseRedisUrl } from '../../src/redis/connect.ts'
import { ownRedis, testRedis } from '../servers.ts'
import { testCluster, testSentinel } from '../topologies.ts'

const noAccess = { username: undefined, password: undefined }

describe('REDIS_URL names', () => {
  const forms = {
    'redis://localhost': {
      kind: 'server',
      tls: false,
      node: { host: 'localhost', port: 6379 },
      db: 0,
      access: noAccess,
    },
    'rediss://app:s%40cret@cache.example:6380/3': {
      kind: 'server',
      tls: true,
      node: { host: 'cache.example', port: 6380 },
      db: 3,
      access: { username: 'app', password: 's@cret' },
    },
    'redis://:a:b,c@[::1]:7000': {
      kind: 'server',
      tls: false,
      node: { host: '::1', port: 7000 },
      db: 0,
      access: { username: undefined, password: 'a:b,c' },
    },
    'unix:///run/my%20redis/redis.sock?db=3&password=sec%2Fr+et': {
      kind: 'socket',
      path: '/run/my redis/redis.sock',
      db: 3,
      access: { username: undefined, password: 'sec/r+et' },
    },
    'redis://:secret@a:7000,b:7001,c': {
      kind: 'cluster',
      tls: false,
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 7001 },
        { host: 'c', port: 6379 },
      ],
      access: { username: undefined, password: 'secret' },
    },
    'rediss://app:secret@a:7000,rediss://b:7001': {
      kind: 'cluster',
      tls: true,
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 7001 },
      ],
      access: { username: 'app', password: 'secret' },
    },
    'redis-sentinel://app:secret@a:5000,b/main/2?sentinelPassword=other': {
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 5000 },
        { host: 'b', port: 26_379 },
      ],
      sentinelPassword: 'other',
      name: 'main',
      db: 2,
      access: { username: 'app', password: 'secret' },
    },
  }
  for (const [url, target] of Object.entries(forms)) {
    test(`${target.kind}: ${url}`, () => assert.deepEqual(parseRedisUrl(url), target))
  }
})

test('an invalid REDIS_URL is refused without its password', () => {
  const faults = {
    '': /found something else, expected redis:/,
    'http://:secret@host': /found something else/,
    'redis://:secret@': /found no host, expected redis:\/\/host:6379/,
    'redis://:secret@host:70000': /found a host or port that cannot be read/,
    'redis://user:sec/ret@host': /found a host or port that cannot be read/,
    'redis://:sec%ret@host': /found a '%' that begins no escape/,
    'redis://:secret@host/first': /found a database that is not a number/,
    'redis://:secret@a,b/3': /found a cluster and a database/,
    'redis://:secret@a,rediss://b': /found nodes of different kinds/,
    'redis://:secret@host?family=6': /found an unknown parameter, expected none/,
    'unix://redis.sock?password=secret': /found no absolute path, expected unix:/,
    'redis-sentinel://:secret@a,b': /found no sentinels or no master name/,
    'redis-sentinel://:secret@a/main/2/3': /found no sentinels or no master name/,
  }
  for (const [url, message] of Object.entries(faults)) {
    assert.throws(() => parseRedisUrl(url), message, url)
    assert.throws(
      () => parseRedisUrl(url),
      (error: Error) => !/sec|ret@/.test(error.message),
      url,
    )
  }
})

test('a client is connected to the database that the URL names', async t => {
  const { url } = await testRedis(t)
  const redis = connectRedis(url)
  t.after(() => redis.disconnect())
  const expected = /(\d+)$/.exec(url)?.[1]
  assert.match(String(await redis.client('INFO')), new RegExp(` db=${expected} `))
})

test('a client authenticates with the password in the URL', async t => {
  const password = 'p@ss/w?rd%'
  const { url, socket } = await ownRedis(t, { args: ['--requirepass', password] })
  const redis = connectRedis(`${url}?password=${encodeURIComponent(password)}`)
  t.after(() => redis.disconnect())
  assert.equal(await redis.ping(), 'PONG', socket)
})

test('a client of a cluster reads keys from all nodes', async t => {
  const { url } = await testCluster(t)
  const redis = connectRedis(url)
  t.after(() => redis.disconnect())
  const keys = Array.from({ length: 30 }, (_, index) => `key:${index}`)
  await Promise.all(keys.map(key => redis.set(key, key)))
  assert.deepEqual(await Promise.all(keys.map(key => redis.get(key))), keys)
})

test('the same client finds the new primary after a failover of Sentinel', async t => {
  const { url, primary } = await testSentinel(t)
  const redis = connectRedis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  redis.on('error', () => {})
  t.after(() => redis.disconnect())
  await redis.set('key', 'kept')
  await redis.call('WAIT', 1, 1000)
  await primary.kill9()
  assert.equal(await redis.get('key'), 'kept')
  while ((await redis.set('key', 'new').catch(() => undefined)) !== 'OK') await delay(20)
  assert.equal(await redis.get('key'), 'new')
})
