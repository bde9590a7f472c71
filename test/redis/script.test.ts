/** Scripts of calls: the first run loads them. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { connectRedis } from '../../src/redis/connect.ts'
import { prepareScript } from '../../src/redis/script.ts'
import { ownRedis, testRedis } from '../servers.ts'

test('a command sent after the first run of a script sees its effect', async t => {
  const redis = connectRedis((await testRedis(t)).url)
  t.after(() => redis.disconnect())
  // Redis does not know this script yet.
  const set = prepareScript(redis, `redis.call('SET', KEYS[1], ARGV[1]) -- ${randomUUID()}`, 1)

  const [, value] = await Promise.all([set('key', 'value'), redis.get('key')])

  assert.equal(value, 'value')
})

test('runs after Redis has lost the script load it again', async t => {
  const redis = connectRedis((await ownRedis(t)).url)
  t.after(() => redis.disconnect())
  const add = prepareScript(redis, "return redis.call('INCRBY', KEYS[1], ARGV[1])", 1)
  await add('sum', 1)
  await redis.call('SCRIPT', 'FLUSH')

  const sums = await Promise.all(Array.from({ length: 100 }, () => add('sum', 1)))

  assert.deepEqual(
    [...new Set(sums)],
    Array.from({ length: 100 }, (_, i) => i + 2),
  )
})

test('arguments of any type and bytes reach the script, and a character of its reply is one byte', async t => {
  const redis = connectRedis((await testRedis(t)).url)
  t.after(() => redis.disconnect())
  const echo = prepareScript(redis, 'return {KEYS[1], ARGV, redis.status_reply("OK"), false}', 1)
  const bytes = Buffer.from([0, 255, 13, 10, 36])

  // The first run sends the script, the second its digest.
  for (const _run of ['eval', 'evalsha'])
    assert.deepEqual(await echo('key', 'é漢', bytes, Buffer.alloc(0), '', 1e21, -0.5), [
      'key',
      [Buffer.from('é漢').toString('latin1'), bytes.toString('latin1'), '', '', '1e+21', '-0.5'],
      'OK',
      null,
    ])
})

test('an error of the script is that of the run', async t => {
  const redis = connectRedis((await testRedis(t)).url)
  t.after(() => redis.disconnect())
  const fail = prepareScript(redis, "return redis.error_reply('NOSCRIPT said the script')", 1)
  const wrong = prepareScript(redis, 'no Lua', 1)

  for (const _run of ['first', 'second']) {
    await assert.rejects(fail('key'), /said the script/)
    await assert.rejects(wrong('key'), /ERR/)
  }
})
