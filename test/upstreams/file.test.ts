/** Faults of UPSTREAMS_FILE: its text, its schema and its upstreams. */

import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPrices } from '../../src/pricing/read.ts'
import { readUpstreams } from '../../src/upstreams/file/read.ts'
import { upstreamTypes } from '../../src/upstreams/types.ts'
import { temporaryFolder } from '../when-over.ts'
import { example } from './example.ts'
import { faultsOf, readText } from './read-file.ts'

test('the example is read, and a multiplier is text', async t => {
  const { routes, upstreams } = await readText(t, example)

  assert.deepEqual(
    upstreams.map(({ name }) => name),
    ['anthropic', 'openai', 'azure-eu', 'ezai'],
  )
  assert.equal(upstreams[2]?.prices?.multiplier, '1.1')
  assert.deepEqual(routes?.[0], { models: ['claude-sonnet-*'], order: ['anthropic', 'ezai'] })
})

test('JSON is read as well, also with tabs and a byte order mark', async t => {
  const file = { upstreams: [{ name: 'openai', type: 'openai', keys: [{ env: 'OPENAI_API_KEY' }] }] }

  assert.deepEqual(await readText(t, `\uFEFF${JSON.stringify(file, undefined, '\t')}`, 'file.json'), file)
})

test('anchors and merges may save repetition', async t => {
  const text = `upstreams:
  - &base { name: a, type: openai, keys: [{ env: OPENAI_API_KEY }] }
  - { <<: *base, name: b }
`
  const { upstreams } = await readText(t, text)

  assert.deepEqual(upstreams[1], { ...upstreams[0], name: 'b' })
})

test('a file that is absent, or a folder, is one line with its fix', async t => {
  const folder = join(await temporaryFolder(t), 'upstreams')
  await mkdir(folder)
  const read = (file: string) => readUpstreams(file, readPrices(undefined), () => 'key')
  const fix =
    'expected a readable YAML or JSON file. Correct the path or the file, or leave UPSTREAMS_FILE out.'

  assert.throws(() => read(folder), {
    message: `UPSTREAMS_FILE: found "${folder}", which is a folder, ${fix}`,
  })
  assert.throws(() => read(`${folder}/absent`), {
    message: `UPSTREAMS_FILE: found "${folder}/absent", which cannot be read (ENOENT), ${fix}`,
  })
})

const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', 'b: &b [*a, *a, *a, *a, *a, *a, *a, *a]']
const yaml = 'expected YAML or JSON. Correct the file.'
const texts: [what: string, text: string, fault: string][] = [
  ['an empty file', '# nothing yet\n', ': found an empty file, expected upstreams. Correct the file.'],
  ['an empty file of no bytes', '', ': found an empty file, expected upstreams. Correct the file.'],
  [
    'a second document',
    'upstreams: []\n---\nroutes: []\n',
    'line 2: found a second document, expected one. Correct the file.',
  ],
  [
    'a repeated field',
    'upstreams: []\nroutes: []\nupstreams: []\n',
    'line 3: found a field that stands twice in one object, expected once. Correct the file.',
  ],
  [
    'a tab',
    'upstreams:\n\t- name: a\n',
    `line 2: found no valid YAML (Tabs are not allowed as indentation), ${yaml}`,
  ],
  ['an unknown tag', 'upstreams: !env KEY\n', `line 1: found no valid YAML (Unresolved tag: !env), ${yaml}`],
  [
    'an alias without an anchor',
    'upstreams: *none\n',
    `: found no valid YAML (Unresolved alias (the anchor must be set before the alias): none), ${yaml}`,
  ],
  [
    'aliases that multiply',
    [...bomb, 'c: &c [*b, *b, *b, *b, *b, *b, *b, *b]', 'd: [*c, *c, *c, *c]'].join('\n'),
    `: found no valid YAML (Excessive alias count indicates a resource exhaustion attack), ${yaml}`,
  ],
  [
    'an anchor with itself inside',
    'upstreams: &a [*a]\n',
    ': found an alias inside its own anchor, expected none. Correct the file.',
  ],
  [
    'no object',
    '<html></html>\n',
    '/: found "<html></html>", expected an object with upstreams and routes. Correct the file.',
  ],
]
for (const [what, text, fault] of texts)
  test(`${what} is one line`, async t => {
    assert.deepEqual(await faultsOf(t, text), [fault])
  })

/** One upstream with these fields, from line 2 of the file. */
const openai = (fields: string, type = 'openai') =>
  `upstreams:\n  - name: one\n    type: ${type}\n    ${fields.replaceAll('\n', '\n    ')}\n`
const KEY = 'keys: [{ env: OPENAI_API_KEY }]'

const schemaFaults: [what: string, text: string, fault: string][] = [
  [
    'an unknown type',
    openai(KEY, 'opnai'),
    `line 3, /upstreams/0/type: found "opnai", expected one of ${Object.keys(upstreamTypes).join(', ')}. Did you mean openai?`,
  ],
  [
    'an unknown field',
    openai(`${KEY}\nregions: eu`),
    'line 5, /upstreams/0/regions: found "eu", expected no field of this name; did you mean region?',
  ],
  [
    'a field by the name that another gateway gives it',
    openai(`${KEY}\nendpoint: https://a`),
    'line 5, /upstreams/0/endpoint: found "https://a", expected no field of this name; did you mean baseUrl?',
  ],
  [
    'a key in the file',
    openai('apiKey: sk-secret'),
    'line 4, /upstreams/0/apiKey: found a value of 9 characters, expected no field of this name; did you mean keys?',
  ],
  [
    'a key in place of its source',
    openai('keys: [sk-secret]'),
    'line 4, /upstreams/0/keys/0: found a value of 9 characters, expected either env or file, such as { env: OPENAI_API_KEY }.',
  ],
  [
    'a key in place of the name of its variable',
    openai('keys: [{ env: sk-secret }]'),
    'line 4, /upstreams/0/keys/0/env: found a value of 9 characters, expected the name of a variable.',
  ],
  [
    'a wildcard other than *',
    openai(`${KEY}\nmodels: { "gpt-?": a }`),
    'line 5, /upstreams/0/models/gpt-?: found "gpt-?", expected the name of a model, in which only * is a wildcard.',
  ],
  [
    'a negative multiplier',
    openai(`${KEY}\nprices: { multiplier: -1 }`),
    'line 5, /upstreams/0/prices/multiplier: found "-1", expected a multiplier with at most 6 decimals, such as 1.1 or "5/3".',
  ],
  [
    'a limit of no calls',
    openai(`${KEY}\nlimits: { concurrency: 0 }`),
    'line 5, /upstreams/0/limits/concurrency: found 0, expected a whole number of calls, 1 or more.',
  ],
  [
    'a header that is a number',
    openai(`${KEY}\nheaders: { x-version: 1 }`),
    'line 5, /upstreams/0/headers/x-version: found a value of 1 characters, expected text; write a number in quotes.',
  ],
]
for (const [what, text, fault] of schemaFaults)
  test(`${what} is one line`, async t => {
    assert.deepEqual(await faultsOf(t, text), [`${fault} Correct the file.`])
  })
