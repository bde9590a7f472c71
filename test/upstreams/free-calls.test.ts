/** Token counts have no price. They avoid targets and keys that are set aside, and do not probe them. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { message } from '../gateway.ts'
import { startRouted } from '../routed.ts'

const names = ['first', 'second'] as const
const COUNT = '/v1/messages/count_tokens'

async function arrange(t: TestContext, budgetUsd = 5) {
  const routed = await startRouted(t, {
    names,
    routes: [{ models: ['claude-*'], order: ['first', 'second'], retries: 1 }],
    upstreams: { second: { keys: [{ env: 'KEY_OF_SECOND' }, { env: 'ANOTHER_KEY' }] } },
    options: { env: { ANOTHER_KEY: 'another-key' } },
  })
  const { gateway, providers } = routed
  const key = await gateway.client({
    name: 'frontend',
    cache: { enabled: false },
    budget: { day: budgetUsd },
  })
  const countsAt = (name: (typeof names)[number]) =>
    providers[name].calls.filter(({ path }) => path.includes('count_tokens'))
  return { ...routed, key, countsAt }
}

const { max_tokens: _, ...question } = message('hello')

test('a count is asked at the next target while the circuit of the first one is open', async t => {
  const { gateway, providers, key, countsAt } = await arrange(t)
  providers.first.use(() => 'status 429 retry-after 60')
  await gateway.post('/v1/messages', key, message('hello'))

  const response = await gateway.post(COUNT, key, question)

  assert.deepEqual([response.status, response.headers.get('x-tollgate-upstream')], [200, 'second'])
  assert.equal(countsAt('first').length, 0)
})

test('a count is asked at the first target if the circuits of all targets are open', async t => {
  const { gateway, providers, key } = await arrange(t)
  const limits = ({ path }: { path: string }) =>
    path.includes('count_tokens') ? undefined : 'status 429 retry-after 60'
  for (const name of names) providers[name].use(limits)
  // The first call limits the first target and one key of the second; the next call limits the other key.
  for (let call = 0; call < 2; call++) await gateway.post('/v1/messages', key, message('hello'))

  const response = await gateway.post(COUNT, key, question)

  assert.deepEqual([response.status, response.headers.get('x-tollgate-upstream')], [200, 'first'])
})

test('an exact count uses a key that is not set aside', async t => {
  const { gateway, providers, key, countsAt } = await arrange(t, 1)
  providers.first.use(() => 'status 429 retry-after 60')
  providers.second.use(({ headers, path }) => {
    if (path.includes('count_tokens')) return 'usage 148200 in'
    return headers['x-api-key'] === 'key-of-second' ? 'status 401' : 'usage 148000 read 200 in 10 out'
  })
  const call = (text: string) => ({ ...message(text), model: 'claude-opus-5-5' })
  await gateway.post('/v1/messages', key, call('hello'))

  const response = await gateway.post('/v1/messages', key, call('x'.repeat(600_000)))

  assert.equal(response.status, 200)
  assert.deepEqual(
    countsAt('second').map(({ headers }) => headers['x-api-key']),
    ['another-key'],
  )
})
