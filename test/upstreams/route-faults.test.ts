/** Faults of the routes in UPSTREAMS_FILE. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultsOf } from './read-file.ts'

/** Six lines of upstreams; the routes begin in line 8. `tiny` is a chat server that serves one model of OpenAI. */
const upstreams = `upstreams:
  - { name: openai, type: openai, keys: [{ env: OPENAI_API_KEY }] }
  - { name: anthropic, type: anthropic, keys: [{ env: ANTHROPIC_API_KEY }] }
  - { name: ezai, type: ezai, keys: [{ env: EZAI_API_KEY }] }
  - { name: tiny, type: openai-compatible, baseUrl: https://a, models: { gpt-6-luna: luna } }
  - { name: claude, type: anthropic-compatible, baseUrl: https://a, keys: [{ env: AZURE_KEY }], models: { gpt-6-luna: luna } }
routes:
`
const CORRECT = 'Correct the file.'
const PRICE = 'Correct the file, or add the price to PRICES_FILE.'
const NARROWER = 'Put the narrower route first, or remove the model from one of them.'
const alias = (targets: string) => `  - { models: [fast], targets: [${targets}] }`

const cases: [what: string, routes: string[], faults: string[]][] = [
  [
    'neither order nor targets',
    ['  - { models: [gpt-6-luna] }'],
    [`line 8, /routes/0: found neither order nor targets, expected one of the two. ${CORRECT}`],
  ],
  [
    'order and targets',
    ['  - { models: [gpt-6-luna], order: [openai], targets: [{ upstream: ezai }] }'],
    [`line 8, /routes/0: found order and targets, expected one of the two. ${CORRECT}`],
  ],
  [
    'a route to nothing',
    ['  - models: [gpt-6-luna]', '    targets: [{ upstream: ezai }, { upstream: opnai }]'],
    [
      `line 9, /routes/0/targets/1/upstream: found "opnai", expected the name of an upstream. Did you mean openai? ${CORRECT}`,
    ],
  ],
  [
    'one target twice',
    ['  - { models: [gpt-6-luna], order: [ezai, openai, ezai] }'],
    [`line 8, /routes/0/order/2: found "ezai", expected each target once. ${CORRECT}`],
  ],
  [
    'no weight above 0',
    ['  - models: [gpt-6-luna]', '    targets: [{ upstream: ezai, weight: 0 }]'],
    [
      `line 9, /routes/0/targets: found only weights of 0, expected a weight above 0 for at least one target. ${CORRECT}`,
    ],
  ],
  [
    'one model twice',
    ['  - { models: [gpt-6-luna, gpt-6-luna], order: [ezai] }'],
    [`line 8, /routes/0/models/1: found "gpt-6-luna", expected each model once. ${CORRECT}`],
  ],
  [
    'a route that no call can reach',
    ['  - { models: [gpt-6-*], order: [ezai] }', '  - { models: [gpt-6-l*a, gpt-6-luna], order: [openai] }'],
    [
      `line 9, /routes/1/models/0: found "gpt-6-l*a", expected a model that calls can reach, because gpt-6-* in /routes/0 is used first. ${NARROWER}`,
      `line 9, /routes/1/models/1: found "gpt-6-luna", expected a model that calls can reach, because gpt-6-* in /routes/0 is used first. ${NARROWER}`,
    ],
  ],
  [
    'a pattern that never matches',
    ['  - { models: [gtp-*], order: [ezai] }'],
    [
      `line 8, /routes/0/models/0: found "gtp-*", expected a pattern that matches a model with a price. ${PRICE}`,
    ],
  ],
  [
    'a model without a price',
    ['  - { models: [gpt-6-lna], order: [ezai] }'],
    [
      `line 8, /routes/0/models/0: found "gpt-6-lna", expected a model with a price, or targets that each name a model. Did you mean gpt-6-luna? ${PRICE}`,
    ],
  ],
  [
    'an alias with a target that names no model',
    [alias('{ upstream: openai, model: gpt-6-luna }, { upstream: ezai }')],
    [
      `line 8, /routes/0/targets/1/model: found nothing, expected a model with a price, because fast is an alias. ${CORRECT}`,
    ],
  ],
  [
    'a target model without a price',
    [alias('{ upstream: openai, model: gpt-6-lna }')],
    [
      `line 8, /routes/0/targets/0/model: found "gpt-6-lna", expected a model with a price. Did you mean gpt-6-luna? ${PRICE}`,
    ],
  ],
  [
    'an alias of itself',
    [alias('{ upstream: openai, model: fast }')],
    [
      `line 8, /routes/0/targets/0/model: found "fast", expected a model with a price, because fast is an alias (fast → fast). ${CORRECT}`,
    ],
  ],
  [
    'a loop of aliases',
    [
      '  - { models: [a], targets: [{ upstream: openai, model: b }] }',
      '  - { models: [b], targets: [{ upstream: openai, model: gpt-6-luna }, { upstream: openai, model: a }] }',
    ],
    [
      `line 8, /routes/0/targets/0/model: found "b", expected a model with a price, because b is an alias (a → b → a). ${CORRECT}`,
      `line 9, /routes/1/targets/1/model: found "a", expected a model with a price, because a is an alias (b → a → b). ${CORRECT}`,
    ],
  ],
  [
    'a chain of aliases',
    [
      '  - { models: [gpt-6-*], targets: [{ upstream: openai, model: b }] }',
      '  - { models: [b], targets: [{ upstream: openai, model: gpt-6-luna }] }',
    ],
    [
      `line 8, /routes/0/targets/0/model: found "b", expected a model with a price, because b is an alias (b → gpt-6-luna). ${CORRECT}`,
    ],
  ],
  [
    'an upstream whose map has no such model',
    ['  - { models: [gpt-6-sol], order: [openai, tiny] }'],
    [
      `line 8, /routes/0/order/1: found "tiny", expected an upstream that serves gpt-6-sol, by its models or else by its type. ${CORRECT}`,
    ],
  ],
  [
    'an upstream of another maker',
    [alias('{ upstream: openai, model: claude-haiku-4-5 }')],
    [
      `line 8, /routes/0/targets/0/upstream: found "openai", expected an upstream that serves claude-haiku-4-5, by its models or else by its type. ${CORRECT}`,
    ],
  ],
  [
    'a model that no upstream of its route serves',
    ['  - { models: [gpt-6-luna, claude-haiku-4-5], order: [openai] }'],
    [
      `line 8, /routes/0/models/1: found "claude-haiku-4-5", expected a model that an upstream of this route serves. ${CORRECT}`,
    ],
  ],
  [
    'upstreams that share no format',
    ['  - { models: [gpt-6-luna], order: [openai, tiny, claude] }'],
    [
      `line 8, /routes/0/order/2: found "claude", of type anthropic-compatible, expected an upstream that speaks a format of the others in this route. ${CORRECT}`,
    ],
  ],
]
for (const [what, routes, faults] of cases)
  test(`${what}: a line for each fault`, async t => {
    assert.deepEqual(await faultsOf(t, `${upstreams}${routes.join('\n')}\n`), faults)
  })

test('routes that calls can use are accepted', async t => {
  const routes = [
    '  - { models: [gpt-6-luna], targets: [{ upstream: tiny }, { upstream: openai, model: gpt-6-sol, weight: 0 }] }',
    '  - { models: [gpt-6-*, claude-haiku-*], order: [openai, anthropic, ezai] }',
    '  - { models: [fast, cheap], targets: [{ upstream: tiny, model: gpt-6-luna }] }',
    '  - { models: ["*"], order: [ezai] }',
  ]

  assert.deepEqual(await faultsOf(t, `${upstreams}${routes.join('\n')}\n`), [])
})

test('a model that only the upstream itself prices may have a route', async t => {
  const own = `upstreams:
  - name: own
    type: openai-compatible
    baseUrl: http://127.0.0.1:8080
    prices: { models: { my-llama: { in: "0", out: "0", maxInput: 8192, maxOutput: 4096 } } }
routes:
  - { models: [my-llama], order: [own] }
  - { models: [llama], targets: [{ upstream: own, model: my-llama }] }
`
  assert.deepEqual(await faultsOf(t, own), [])
})
