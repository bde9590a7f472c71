/** Scripts of calls: the first run loads them. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { connectRedis } from '../../src/redis/connect.ts'
import { prepareScript } from '../../src/redis/script.ts'
import { testRedis } from '../servers.ts'

test('a command sent after the first run of a script sees its effect', async t => {
  const redis = connectRedis((await testRedis(t)).url)
  t.after(() => redis.disconnect())
  // Redis does not know this script yet.
  const set = prepareScript(redis, `redis.call('SET', KEYS[1], ARGV[1]) -- ${randomUUID()}`, 1)

  const [, value] = await Promise.all([set('key', 'value'), redis.get('key')])

  assert.equal(value, 'value')
})
