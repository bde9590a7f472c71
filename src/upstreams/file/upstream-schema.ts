/** The schema of an upstream in UPSTREAMS_FILE. */

import { Type } from 'typebox'
import { pricePatch } from '../../pricing/file.ts'
import { type TypeName, upstreamTypes } from '../types.ts'
import { MODEL, modelName, NAME, named, strict, words } from './schema-words.ts'

const keyFields = Type.Object(
  {
    env: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
        ...words('the name of a variable', 'Variable with the key. With `_FILE` at its end it names a file'),
      }),
    ),
    file: Type.Optional(
      Type.String({ minLength: 1, ...words('the path of a file', 'File with nothing but the key') }),
    ),
  },
  {
    ...strict,
    minProperties: 1,
    maxProperties: 1,
    ...words('either env or file, such as { env: OPENAI_API_KEY }', 'Where a key comes from'),
  },
)
/** `keyFields` with exactly one of its fields. */
export const key = Type.Unsafe<{ env: string } | { file: string }>(keyFields)

/** The file may also give it as a number, which the reader converts to text. */
const multiplier = Type.String({
  pattern: '^(\\d{1,3}(\\.\\d{1,6})?|\\d{1,6}/[1-9]\\d{0,5})$',
  orNumber: true,
  ...words(
    'a multiplier with at most 6 decimals, such as 1.1 or "5/3"',
    'Multiplies all prices of its models, such as 1.1 or "5/3"',
  ),
})

const prices = Type.Object(
  { ...pricePatch.properties, multiplier: Type.Optional(multiplier) },
  {
    ...strict,
    ...words(
      'an object with multiplier, or the fields of PRICES_FILE',
      'Prices at this upstream: a multiplier, or the fields of PRICES_FILE',
    ),
  },
)

const limits = Type.Object(
  {
    concurrency: Type.Optional(
      Type.Integer({
        minimum: 1,
        ...words('a whole number of calls, 1 or more', 'Calls that one replica sends to it at once'),
      }),
    ),
  },
  { ...strict, ...words('an object with concurrency', 'Limits of the gateway for this upstream') },
)

export const upstreamEntry = Type.Object(
  {
    name: Type.String({
      pattern: NAME,
      ...words(named, 'A unique name, for routes, logs, metrics, the ledger and `x-tollgate-upstream`'),
    }),
    type: Type.Unsafe<TypeName>(
      Type.String({
        enum: Object.keys(upstreamTypes),
        ...words(
          `one of ${Object.keys(upstreamTypes).join(', ')}`,
          'The provider: its address, authorization, formats and paths',
        ),
      }),
    ),
    baseUrl: Type.Optional(
      Type.String({
        minLength: 1,
        ...words('an http:// or https:// URL', 'The address of its API. Absent: that of its type'),
      }),
    ),
    keys: Type.Optional(
      Type.Array(key, {
        ...words(
          'a list of key sources, such as [{ env: OPENAI_API_KEY }]',
          'Where its keys come from. Several are balanced. The file itself never contains a key',
        ),
      }),
    ),
    region: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9][a-z0-9-]*$',
        ...words('a region, such as eu-west-1', 'The region of a cloud, for types that need one'),
      }),
    ),
    project: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9][a-z0-9.:-]*$',
        ...words('the id of a project', 'The project of a cloud, for types that need one'),
      }),
    ),
    models: Type.Optional(
      Type.Record(
        Type.String({ pattern: MODEL }),
        Type.String({ pattern: '^\\S+$', ...words("the upstream's name of the model", 'Its name there') }),
        {
          ...strict,
          expectedName: modelName,
          ...words(
            "the gateway's names and its names of models, such as { gpt-4.1: my-deployment }",
            "The gateway's names of models, and its names. `*` stands for any text. Absent: every model of its type, by the gateway's name",
          ),
        },
      ),
    ),
    prices: Type.Optional(prices),
    limits: Type.Optional(limits),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String({ expected: 'text; write a number in quotes' }), {
        ...words('names and values of headers', 'Headers that are added to each request'),
      }),
    ),
    timeoutSeconds: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 2_000_000,
        ...words(
          'a number of seconds above 0, at most 2000000',
          'Longest time to the headers of a response. Absent: the remaining targets share UPSTREAM_TIMEOUT_SECONDS',
        ),
      }),
    ),
  },
  { ...strict, expected: 'an object with name and type' },
)
