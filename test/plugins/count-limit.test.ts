/** Token counts take none of a client's requests, and have a limit of their own. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { message, startGateway } from '../gateway.ts'

async function arrange(t: TestContext) {
  const gateway = await startGateway(t)
  const settings = {
    name: 'agent',
    limits: { requests: { capacity: 3, per: '1h' } },
    cache: { enabled: false },
  }
  const key = await gateway.client(settings)
  const { max_tokens, ...question } = message('hello')
  const count = () => gateway.post('/v1/messages/count_tokens', key, question)
  const counts = (times: number) => Promise.all(Array.from({ length: times }, count))
  return { gateway, key, counts }
}

test('26 token counts at once pass for a client with three requests an hour, and take none of them', async t => {
  const { gateway, key, counts } = await arrange(t)

  const responses = await counts(26)

  assert.deepEqual(
    responses.map(({ status }) => status),
    Array(26).fill(200),
  )
  assert.equal(responses[0]?.headers.get('anthropic-ratelimit-requests-remaining'), '3')
  assert.equal((await gateway.state('agent')).requests?.available, 3)
  for (let i = 0; i < 3; i++)
    assert.equal((await gateway.post('/v1/messages', key, message(`${i}`))).status, 200)
  const fourth = await gateway.post('/v1/messages', key, message('one more'))
  const body = (await fourth.json()) as { error: { details: Record<string, unknown> } }
  assert.deepEqual([fourth.status, body.error.details.limit], [429, 'requests'])
  assert.equal((await counts(1))[0]?.status, 200)
})

test('token counts above 60 a minute are refused by a limit of their own, and calls continue', async t => {
  const { gateway, key, counts } = await arrange(t)

  const responses = await counts(200)

  const refused = responses.filter(({ status }) => status === 429)
  const granted = responses.filter(({ status }) => status === 200)
  assert.equal(granted.length + refused.length, 200)
  // One a second comes back while the test runs.
  assert.ok(granted.length >= 60 && refused.length > 0, `${granted.length} were granted`)
  assert.equal(gateway.provider.calls.length, granted.length)
  const [first] = refused
  const { error } = JSON.parse((await first?.text()) ?? '{}')
  assert.equal(error.details.error_code, 'rate_limited')
  assert.equal(error.details.limit, 'count_tokens')
  assert.equal(error.details.scope, 'client:agent')
  assert.equal(first?.headers.get('retry-after'), '1')
  assert.match(error.message, /client:agent may count tokens 60 times a minute/)
  assert.equal((await gateway.post('/v1/messages', key, message('hello'))).status, 200)
})
