import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson, parseObject } from '../../../src/dialects/wire/json.ts'
import { newClient, startProcess } from '../../processes.ts'
import { testDatabase, testRedis } from '../../servers.ts'
import { fixedUpstream } from '../../upstream.ts'

const padding = 'x'.repeat(65_536)
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
const long = (value: string) => `{"padding":"${padding}","value":${value}}`

test('a long response of 512 levels is parsed', () => {
  assert.ok(parseObject(long(nested(511))))
})

test('a long response of 513 levels is not parsed', () => {
  assert.equal(parseObject(long(nested(512))), undefined)
  assert.equal(parseJson(`[${long(nested(511))}]`), undefined)
})

test('parts side by side add no levels', () => {
  assert.ok(parseObject(long(`[${Array(2000).fill('{"a":[]}').join()}]`)))
})

test('brackets in strings are no levels', () => {
  const text = '[{'.repeat(1000)
  const value = JSON.stringify({ [text]: `${text}\\`, more: `"${text}\\"` })

  assert.ok(parseObject(long(value)))
})

test('a string that does not end is no endless scan', () => {
  assert.equal(parseObject(`{"a":"${padding}`), undefined)
})

/** V8 crashed within three calls when it parsed this event. */
test('the gateway outlives an event that is nested 12,000 levels deep', async t => {
  const levels = 6000
  const output = '{"type":"message","content":['.repeat(levels) + ']}'.repeat(levels)
  const event = `event: x\ndata: {"model":"gpt-5.4","output":[${output}]}\n\n`
  const [redis, database] = [await testRedis(t), await testDatabase(t)]
  const gateway = await startProcess(t, {
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    EZAI_BASE_URL: await fixedUpstream(t, 'text/event-stream', event),
  })
  await gateway.ready()
  const key = await newClient(gateway.url)
  const request = {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5.4', input: 'x', stream: true }),
  }

  for (let call = 0; call < 10; call++) {
    const response = await fetch(`${gateway.url}/v1/responses`, request)
    await response.text().catch(() => '')
  }

  assert.equal((await fetch(`${gateway.url}/livez`)).status, 200)
})
