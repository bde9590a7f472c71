/** Faults of the upstreams in UPSTREAMS_FILE that need their types, their keys and the price table. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtin } from '../../src/pricing/builtin.ts'
import { readPrices } from '../../src/pricing/read.ts'
import { loadPrices } from '../../src/pricing/table.ts'
import type { UpstreamEntry } from '../../src/upstreams/file/schema.ts'
import { type UpstreamType, upstreamTypes } from '../../src/upstreams/types.ts'
import { faultsOf } from './read-file.ts'

/** One upstream with these fields, from line 2 of the file. */
const upstream = (type: string, ...fields: string[]) =>
  ['upstreams:', '  - name: one', `    type: ${type}`, ...fields.map(field => `    ${field}`), ''].join('\n')
const KEY = 'keys: [{ env: OPENAI_API_KEY }]'
const openai = (...fields: string[]) => upstream('openai', KEY, ...fields)
const compatible = (...fields: string[]) => upstream('openai-compatible', ...fields)

const CORRECT = 'Correct the file.'
const PRICE = 'Correct the file, or add the price to PRICES_FILE.'
const URL_FAULT = (shown: string, expected: string) => [
  `line 5, /upstreams/0/baseUrl: found "${shown}", expected ${expected}. ${CORRECT}`,
]
const header = (name: string, expected: string) => [
  `line 5, /upstreams/0/headers/${name}: found "${name}", expected ${expected}. ${CORRECT}`,
]

const cases: [what: string, text: string, faults: string[]][] = [
  [
    'two upstreams of one name',
    `${openai()}  - { name: one, type: openai, ${KEY} }\n`,
    [
      `line 5, /upstreams/1/name: found "one", expected another name, because an upstream above has this one. ${CORRECT}`,
    ],
  ],
  [
    'no address where the type has none',
    compatible(),
    [
      `line 2, /upstreams/0/baseUrl: found nothing, expected the address of the API, because openai-compatible has no address of its own. ${CORRECT}`,
    ],
  ],
  [
    'an address that is no URL',
    openai('baseUrl: api.a.com'),
    URL_FAULT('api.a.com', 'an http:// or https:// URL'),
  ],
  [
    'an address of another protocol',
    openai('baseUrl: ftp://a'),
    URL_FAULT('ftp://a', 'an http:// or https:// URL'),
  ],
  [
    'an address with a password',
    openai('baseUrl: https://me:secret@a'),
    URL_FAULT('https://***@a', 'a URL without user and password; a key belongs to keys'),
  ],
  [
    'an address with a query',
    openai('baseUrl: https://a/?key=secret'),
    URL_FAULT('https://a/?***', 'a URL without query and fragment'),
  ],
  [
    'an address with the path of a call',
    openai('baseUrl: https://a/v1/chat/completions'),
    URL_FAULT(
      'https://a/v1/chat/completions',
      'the address without the path of a call, which the gateway adds',
    ),
  ],
  [
    'an address with braces',
    openai('baseUrl: https://{region}.a.com'),
    URL_FAULT('https://{region}.a.com', 'an http:// or https:// URL'),
  ],
  [
    'no key where the type needs one',
    upstream('openai'),
    [
      `line 2, /upstreams/0/keys: found nothing, expected a key, which openai needs, such as keys: [{ env: PROVIDER_API_KEY }]. ${CORRECT}`,
    ],
  ],
  [
    'a variable that is not set',
    upstream('openai', 'keys: [{ env: NOT_SET }]'),
    [
      'line 4, /upstreams/0/keys/0/env: found "NOT_SET", which is not set in the environment or in .env, expected a variable with a key. Set it, or name another one.',
    ],
  ],
  [
    'a file that is absent',
    upstream('openai', 'keys: [{ file: /absent/key }]'),
    [
      'line 4, /upstreams/0/keys/0/file: found "/absent/key", which cannot be read (ENOENT), expected a file with a key. Write it, or name another one.',
    ],
  ],
  [
    'a key that no header can carry',
    upstream('openai', 'keys: [{ env: SPACED_KEY }]'),
    [
      'line 4, /upstreams/0/keys/0/env: found "SPACED_KEY", which has characters that no key has, expected a variable with a key. Set it, or name another one.',
    ],
  ],
  [
    'one key twice',
    upstream('openai', 'keys:', '  - env: OPENAI_API_KEY', '  - env: OPENAI_API_KEY'),
    [`line 6, /upstreams/0/keys/1/env: found "OPENAI_API_KEY", expected each key once. ${CORRECT}`],
  ],
  [
    'a * in the name of the upstream alone',
    openai('models: { gpt-6-luna: luna-* }'),
    [
      `line 5, /upstreams/0/models/gpt-6-luna: found "luna-*", expected a name without *, because gpt-6-luna has none. ${CORRECT}`,
    ],
  ],
  [
    'more * than our pattern has',
    openai('models: { gpt-6-*: "*-*" }'),
    [
      `line 5, /upstreams/0/models/gpt-6-*: found "*-*", expected at most as many * as gpt-6-* has. ${CORRECT}`,
    ],
  ],
  [
    'a mapped model without a price',
    openai('models: { gpt-6-lna: luna }'),
    [
      `line 5, /upstreams/0/models/gpt-6-lna: found "gpt-6-lna", expected a model with a price. Did you mean gpt-6-luna? ${PRICE}`,
    ],
  ],
  [
    'a mapped pattern that matches no model',
    openai('models: { gtp-*: "*" }'),
    [
      `line 5, /upstreams/0/models/gtp-*: found "gtp-*", expected a pattern that matches a model with a price. ${PRICE}`,
    ],
  ],
  [
    'a multiplier that is too high',
    openai('prices: { multiplier: 5000/3 }'),
    [
      `line 5, /upstreams/0/prices/multiplier: found "5000/3", expected a multiplier of at most 1000. ${CORRECT}`,
    ],
  ],
  [
    'a header of the gateway',
    openai('headers: { Authorization: a }'),
    header('Authorization', 'a header that the gateway does not set'),
  ],
  ['a name that no header has', openai('headers: { "a b": a }'), header('a b', 'the name of a header')],
  ['a header in two spellings', openai('headers: { x-a: a, X-A: b }'), header('X-A', 'each header once')],
  [
    'a value that no header can carry',
    openai('headers: { x-a: "a\\nb" }'),
    [
      `line 5, /upstreams/0/headers/x-a: found a value of 3 characters, expected text that a header can carry. ${CORRECT}`,
    ],
  ],
]
for (const [what, text, faults] of cases)
  test(`${what}: a line for each fault`, async t => {
    assert.deepEqual(await faultsOf(t, text), faults)
  })

test('credentials of a cloud may be an object in JSON', async t => {
  for (const [type, { auth }] of Object.entries<UpstreamType>(upstreamTypes)) {
    const lines = await faultsOf(
      t,
      upstream(type, 'keys: [{ env: JSON_KEY }]', 'baseUrl: https://a', 'region: r', 'project: p'),
    )
    assert.equal(lines.length, auth === 'google' || auth === 'aws' ? 0 : 1, type)
  }
})

test('all faults are reported at once, in the order of the file', async t => {
  const text = `upstreams:
  - { name: one, type: openai }
  - { name: one, type: openai-compatible }
routes:
  - { models: [gpt-6-luna], order: [two] }
`
  const places = (await faultsOf(t, text)).map(line => line.split(':')[0])

  assert.deepEqual(places, [
    'line 2, /upstreams/0/keys',
    'line 3, /upstreams/1/name',
    'line 3, /upstreams/1/baseUrl',
    'line 5, /routes/0/order/0',
  ])
})

test('every type is accepted with what it needs', async t => {
  for (const type of Object.keys(upstreamTypes))
    assert.deepEqual(
      await faultsOf(t, upstream(type, KEY, 'baseUrl: https://a', 'region: r', 'project: p')),
      [],
    )
})

for (const [type, { baseUrl, paths }] of Object.entries<UpstreamType>(upstreamTypes)) {
  const address = JSON.stringify([baseUrl, paths])
  const needed = ['region', 'project'].filter(option => address.includes(`{${option}}`))
  if (needed.length > 0)
    test(`${type} without ${needed.join(' and ')}: a line for each`, async t => {
      assert.deepEqual(
        await faultsOf(t, upstream(type, KEY)),
        needed.map(
          option =>
            `line 2, /upstreams/0/${option}: found nothing, expected a ${option}, which ${type} needs. ${CORRECT}`,
        ),
      )
    })
}

test("faults of an upstream's own prices have their place in the file", async t => {
  const text = openai('prices:', '  models:', '    gpt-6-luna: { in: "1" }', '    gpt-6-new: { in: "1" }')
  const prices = readPrices(undefined)
  const tableOf = ({ prices: own }: UpstreamEntry) => {
    loadPrices(builtin, own)
    return prices
  }

  const lines = await faultsOf(t, text, tableOf)
  assert.deepEqual(
    lines.map(line => line.split(' found')[0]),
    ['out', 'maxInput', 'maxOutput'].map(field => `line 8, /upstreams/0/prices/models/gpt-6-new/${field}:`),
  )
})
