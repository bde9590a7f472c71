/** The caller's output limit at an upstream that knows `max_tokens` only. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat } from '../gateway.ts'
import { startRouted } from '../routed.ts'

for (const type of ['ollama', 'together', 'mistral', 'deepseek'])
  test(`${type} gets the limit that the call is held for, also beside a max_tokens of null`, async t => {
    const { gateway, providers } = await startRouted(t, {
      names: ['first'],
      upstreams: { first: { type, models: { 'gpt-6-luna': 'gpt-6-luna' } } },
      routes: [{ models: ['gpt-6-luna'], order: ['first'] }],
    })
    const key = await gateway.client({ name: 'frontend', budget: { day: 1 }, hold: 'ceiling' })

    const body = chat('hello', { max_completion_tokens: 5, max_tokens: null })
    const response = await gateway.post('/v1/chat/completions', key, body)
    await response.text()

    const sent = JSON.parse(String(providers.first.calls[0]?.body))
    assert.equal(sent.max_tokens, 5)
  })
