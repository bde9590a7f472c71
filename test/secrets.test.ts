/** Secrets go through every path, and come out nowhere: no log line, no error, no answer, no header. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_TOKEN, message, startGateway, UPSTREAM_KEY, until } from './gateway.ts'
import { upstreamSecrets } from './provider.ts'

const PROMPT = 'the-secret-in-the-prompt'
const HEADER = 'the-secret-in-a-header'

const paths: [
  title: string,
  prompt: string,
  more?: Record<string, unknown>,
  headers?: Record<string, string>,
][] = [
  ['an answer', `${PROMPT}`],
  ['a kept answer', `${PROMPT}`],
  ['a stream', `${PROMPT}`, { stream: true }],
  ['a refusal', `${PROMPT}`, { model: 'claude-opus-5-5' }],
  ['a wrong field', `${PROMPT}`, { max_tokens: PROMPT }],
  ['a refused key', `${PROMPT} [[scenario: status 401]]`],
  ['a spend limit', `${PROMPT} [[scenario: status 429 enforced_spend_limit_reached]]`],
  ['a failing provider', `${PROMPT} [[scenario: status 500]]`],
  ['a limiting provider', `${PROMPT} [[scenario: status 429]]`],
  ['a fault of the caller', `${PROMPT} [[scenario: status 400]]`],
  ['a dying provider', `${PROMPT} [[scenario: die]]`],
  ['a dying stream', `${PROMPT} [[scenario: die after 2]]`, { stream: true }],
  ['nonsense', `${PROMPT} [[scenario: nonsense html]]`],
  ['an unread header', `${PROMPT}`, {}, { cookie: HEADER, 'x-other': HEADER, 'idempotency-key': HEADER }],
  ['two keys', `${PROMPT}`, {}, { authorization: `Bearer tg_${HEADER}` }],
]

test('no secret of ours, of the callers or of the provider shows', async t => {
  const gateway = await startGateway(t, { env: { LOG_LEVEL: 'trace' } })
  const key = await gateway.client({ name: 'frontend', models: ['claude-haiku-*'], budget: { day: 5 } })
  // The part behind `tg_<8 characters>_`; it may hold underscores itself.
  const secretPart = key.slice(12)
  const mayShowInAnswers = new Set([PROMPT])
  const secrets = [UPSTREAM_KEY, ADMIN_TOKEN, secretPart, HEADER, PROMPT, ...upstreamSecrets]

  for (const [title, prompt, more, headers] of paths) {
    await t.test(title, async () => {
      const answer = await gateway.post('/v1/messages', key, message(prompt, more), {
        headers: headers ?? {},
      })
      const seen = [...answer.headers].join('\n') + (await answer.text().catch(() => ''))

      for (const secret of secrets) {
        if (!mayShowInAnswers.has(secret)) assert.ok(!seen.includes(secret), `${secret} in the answer`)
      }
    })
  }
  await gateway.post('/v1/messages', `tg_abcdefgh_${'x'.repeat(43)}`, message(PROMPT))
  await fetch(`${gateway.url}/admin/clients`, { headers: { authorization: `Bearer wrong-${HEADER}` } })

  await until(async () => gateway.calls().length === paths.length + 1)
  const log = JSON.stringify(gateway.lines)
  for (const secret of secrets) assert.ok(!log.includes(secret), `${secret} in the log`)
})
