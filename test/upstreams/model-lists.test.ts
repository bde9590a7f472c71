/** The forms of model lists, and the models that a list does not have. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingModels, namesIn } from '../../src/upstreams/model-lists.ts'
import { connectUpstream, type UpstreamSettings } from '../../src/upstreams/upstream.ts'

const settings = { name: 'own', type: 'openai', baseUrl: 'http://127.0.0.1:1', secrets: [] } as const

function missing(
  more: Partial<UpstreamSettings>,
  routes: Parameters<typeof missingModels>[1],
  listed: string[],
) {
  const upstream = connectUpstream({ ...settings, ...more }, 1000)
  return missingModels(upstream, routes, listed)
}

for (const [form, body] of [
  ['of OpenAI and Anthropic', { data: [{ id: 'a' }, { id: 'b' }] }],
  ['of Google', { models: [{ name: 'models/a' }, { name: 'models/b' }] }],
  ['without an object', [{ id: 'a' }, 'b', { size: 3 }]],
] as const)
  test(`the names in a list ${form} are read`, () => {
    assert.deepEqual(namesIn(JSON.stringify(body)), ['a', 'b'])
  })

test('other text is not a list', () => {
  for (const body of ['<html>', '', 'null', '{}', '{"data":{}}']) assert.equal(namesIn(body), undefined, body)
})

test('models of routes and of the map are missing, except patterns and dated names', () => {
  const routes = [
    { models: ['gpt-a', 'gpt-*'], order: ['own', 'other'] },
    {
      models: ['fast'],
      targets: [
        { upstream: 'own', model: 'gpt-b' },
        { upstream: 'other', model: 'gpt-c' },
      ],
    },
  ]

  assert.deepEqual(missing({}, routes, ['gpt-a-2026-01-31']), ['gpt-b'])
  assert.deepEqual(missing({ models: { 'gpt-*': 'own-*', x: 'y' } }, routes, ['own-a']), ['y', 'own-b'])
})
