import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialect, parse } from '../streams.ts'

const far = { type: 'image', source: { type: 'url', url: 'https://example.com/x.png' } }
const question = (content: unknown) => {
  const request = { model: 'm', messages: [{ role: 'user', content }] }
  return dialect('/v1/messages').counter?.question(request, parse('/v1/messages', request))
}

test('the provider does not count a prompt with a URL at any position', () => {
  for (const content of [
    [far],
    far,
    [[far]],
    [{ type: 'tool_result', tool_use_id: 'x', content: [far] }],
    { type: 'tool_result', tool_use_id: 'x', content: far },
  ])
    assert.equal(question(content), undefined, JSON.stringify(content))
})

test('the provider counts a prompt without a URL', () => {
  const text = { type: 'text', text: 'x' }
  for (const content of ['x', [text], text, [{ type: 'tool_result', tool_use_id: 'x', content: [text] }]])
    assert.ok(question(content), JSON.stringify(content))
})
