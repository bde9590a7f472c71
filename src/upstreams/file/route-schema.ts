/** The schema of a route in UPSTREAMS_FILE. */

import { Type } from 'typebox'
import { MODEL, modelName, NAME, strict, words } from './schema-words.ts'

const upstreamName = Type.String({
  pattern: NAME,
  ...words('the name of an upstream', 'The name of an upstream of this file'),
})

const target = Type.Object(
  {
    upstream: upstreamName,
    model: Type.Optional(
      Type.String({
        pattern: '^[^\\s*]+$',
        ...words(
          'the name of a model, without *',
          "The gateway's name of the model there. Absent: the model that the caller asked for",
        ),
      }),
    ),
    weight: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        ...words(
          'a whole number from 0 to 1000000',
          'Its share of the calls, against the other weights. Absent: 1',
        ),
      }),
    ),
  },
  { ...strict, expected: 'an object with upstream' },
)

export const routeEntry = Type.Object(
  {
    models: Type.Array(Type.String({ pattern: MODEL, expected: modelName }), {
      minItems: 1,
      ...words(
        'at least one name of a model',
        'Models that callers ask for. `*` stands for any text. A name without a price is an alias',
      ),
    }),
    order: Type.Optional(
      Type.Array(upstreamName, {
        minItems: 1,
        ...words('at least one name of an upstream', 'Upstreams in the order in which they are tried'),
      }),
    ),
    targets: Type.Optional(
      Type.Array(target, {
        minItems: 1,
        ...words('at least one target', 'Instead of `order`: targets that share the calls by weight'),
      }),
    ),
    retries: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10,
        ...words(
          'a whole number from 0 to 10',
          'Attempts after the first. Absent: each target is tried once, and after a refused or limited key with its other keys',
        ),
      }),
    ),
    retryWithinMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 60_000,
        ...words(
          'a whole number of milliseconds from 0 to 60000',
          'Longest `retry-after` of an upstream that the gateway waits for, in milliseconds. Absent: 5000',
        ),
      }),
    ),
    sticky: Type.Optional(
      Type.Unsafe<'client' | 'client+prefix'>(
        Type.String({
          enum: ['client', 'client+prefix'],
          ...words(
            'client or client+prefix',
            "Keeps a client, or a client's prompts with the same start, on one target, so that its prompt cache is used",
          ),
        }),
      ),
    ),
  },
  { ...strict, expected: 'an object with models, and order or targets' },
)
