/** A caller's `stream_options` at an upstream whose type refuses them. Without them the upstream sends the usage as well. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat } from '../gateway.ts'
import { startRouted } from '../routed.ts'

test("a caller's stream_options are not sent to mistral, which refuses them", async t => {
  const { gateway, providers } = await startRouted(t, {
    names: ['first'],
    upstreams: { first: { type: 'mistral', models: { 'gpt-6-luna': 'gpt-6-luna' } } },
    routes: [{ models: ['gpt-6-luna'], order: ['first'] }],
  })
  const key = await gateway.client({ name: 'frontend' })

  const body = chat('hello', { stream: true, stream_options: { include_usage: true } })
  await (await gateway.post('/v1/chat/completions', key, body)).text()

  assert.equal(JSON.parse(String(providers.first.calls[0]?.body)).stream_options, undefined)
})
