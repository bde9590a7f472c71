/** The JSON schema of UPSTREAMS_FILE, and its fields in the documentation. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Check } from 'typebox/schema'
import { parse } from 'yaml'
import { upstreamsSchema } from '../../src/cli/commands/schema.ts'
import { upstreamTypes } from '../../src/upstreams/types.ts'
import { example } from './example.ts'

const read = (file: string) => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8')
const written = JSON.parse(read('upstreams.schema.json'))

test('docs/upstreams.schema.json is the schema that the gateway validates with', () => {
  assert.deepEqual(written, JSON.parse(JSON.stringify(upstreamsSchema())), 'run npm run schemas')
})

test('the schema names the types, and takes the example but no unknown field', () => {
  const content = parse(example)
  const [first] = content.upstreams

  assert.deepEqual(written.properties.upstreams.items.properties.type.enum, Object.keys(upstreamTypes))
  assert.equal(Check(written, content), true)
  assert.equal(Check(written, { ...content, upstreams: [{ ...first, url: 'https://a' }] }), false)
  assert.equal(Check(written, { ...content, upstreams: [{ ...first, type: 'opnai' }] }), false)
  assert.equal(Check(written, { ...content, upstreams: [{ ...first, keys: ['sk-1'] }] }), false)
})

test('every field of the schema has a description and no keyword of our own', () => {
  const text = JSON.stringify(written)
  const { routes, upstreams } = written.properties
  const fields = [
    ...Object.entries(upstreams.items.properties),
    ...Object.entries(routes.items.properties),
    ...Object.entries(routes.items.properties.targets.items.properties),
  ]

  assert.deepEqual(
    fields.filter(([, field]) => !JSON.stringify(field).startsWith('{"description":')),
    [],
  )
  assert.doesNotMatch(text, /"(expected\w*|orNumber|~\w+)":/)
})

test('docs/configuration.md lists every field with its description', () => {
  const { routes, upstreams } = written.properties
  const rows = (path: string, { properties, required = [] }: typeof written) =>
    Object.entries<{ description: string }>(properties).map(([name, { description }]) => {
      const [words] = description.split('. Expected: ')
      return `| \`${path}.${name}\` | ${required.includes(name) ? 'yes' : '-'} | ${words} |`
    })
  const table = [
    '| field | required | meaning |',
    '| --- | --- | --- |',
    ...rows('upstreams', upstreams.items),
    ...rows('routes', routes.items),
    ...rows('routes.targets', routes.items.properties.targets.items),
  ].join('\n')

  const [, listed = ''] =
    /<!-- fields -->\n\n([\s\S]*?)\n\n<!-- \/fields -->/.exec(read('configuration.md')) ?? []
  assert.equal(listed, table)
})
