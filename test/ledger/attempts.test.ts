/** A call with several charged attempts, as the admin API and the CLI show it. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { main } from '../../src/cli/main.ts'
import { ADMIN_TOKEN, message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { until } from '../until.ts'

interface Row {
  id: string
  costUsd: number
  upstream: string
  attempts: number
  tried?: string
}

interface Found {
  id: string
  costUsd: number
  rows: Row[]
  attempts: { id: string; costUsd: number; rows: Row[] }[]
}

/** A call whose first attempt gets no response, and is charged. */
async function arrange(t: TestContext) {
  const { gateway, providers } = await startRouted(t, {
    names: ['first', 'second'],
    routes: [{ models: ['claude-haiku-*'], order: ['first', 'second'] }],
    upstreams: { first: { timeoutSeconds: 0.2 } },
  })
  const key = await gateway.client({ name: 'frontend' })
  providers.first.use(() => 'silent')
  const response = await gateway.post('/v1/messages', key, message('hello'))
  await response.arrayBuffer()
  const id = String(response.headers.get('request-id'))
  const find = async (path: string) => (await gateway.admin('GET', `/calls${path}`)).body
  const calls = await until(async () => {
    const { calls } = await find('')
    return Array.isArray(calls) && calls.length === 2 && calls
  })
  const run = async (line: string) => {
    const out: string[] = []
    const print = (text: string) => void out.push(text)
    await main(line.split(' '), { url: gateway.url, token: ADMIN_TOKEN }, { out: print, err: print })
    return out.join('\n')
  }
  return { id, find, calls: calls as Row[], run }
}

test('a call is found whole by the id of any of its charged attempts', async t => {
  const { id, find } = await arrange(t)

  const [byCall, byAttempt, list] = [await find(`/${id}`), await find(`/${id}~2`), await find(`?id=${id}~2`)]

  assert.deepEqual(byAttempt, byCall)
  const found = byCall as unknown as Found
  assert.equal(found.id, id)
  assert.deepEqual(
    found.attempts.map(({ id, rows }) => [id, rows.map(({ upstream }) => upstream)]),
    [
      [id, ['first']],
      [`${id}~2`, ['second']],
    ],
  )
  assert.deepEqual(found.rows, found.attempts[1]?.rows)
  assert.equal(found.rows[0]?.attempts, 2)
  assert.match(String(found.rows[0]?.tried), /^first\/claude-haiku-4-5: /)
  const sum = found.attempts.reduce((sum, { costUsd }) => sum + Math.round(costUsd * 1e9), 0)
  assert.equal(Math.round(found.costUsd * 1e9), sum)
  assert.equal((list.calls as Row[]).length, 2)
})

test('calls marks a call that was tried again, and calls show prints all attempts', async t => {
  const { id, run } = await arrange(t)

  const listed = await run('calls')
  const shown = await run(`calls show ${id}`)

  assert.match(listed, new RegExp(`200 +ok \\(attempt 2\\) .* ${id}~2$`, 'm'))
  assert.match(shown, new RegExp(`^CALL +${id} +${id}~2$`, 'm'))
  assert.match(shown, /^upstream +first +second$/m)
  assert.match(shown, /^attempts +1 +2$/m)
  assert.match(shown, /^Failed attempts before: first\/claude-haiku-4-5: .*charged \$/m)
  assert.match(shown, new RegExp(`^Charged attempts: \\$\\S+ for ${id}, \\$\\S+ for ${id}~2\\.$`, 'm'))
})
