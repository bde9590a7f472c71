/** A stream entry, read into a row of the ledger. This list of facts is the table's and the answers' as well. */

import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Entry } from './call-record.ts'

const text = Type.Optional(Type.String())
const flag = Type.Optional(Type.Boolean())
const milliseconds = Type.Optional(Type.Number({ minimum: 0 }))
const whole = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const tokens = Type.Integer({ ...whole, default: 0 })

/** What a call says of itself, column by column. Money and time stand beside it: the stream carries them itself. */
export const facts = {
  clientId: text,
  client: text,
  teamId: text,
  team: text,
  key: text,
  route: text,
  model: text,
  upstream: text,
  status: Type.Optional(Type.Integer({ minimum: 0, maximum: 999 })),
  outcome: Type.String({ minLength: 1 }),
  stream: flag,
  cache: text,
  latencyMs: milliseconds,
  ttftMs: milliseconds,
  upstreamMs: milliseconds,
  inputTokens: tokens,
  cacheReadTokens: tokens,
  cacheWriteTokens: tokens,
  outputTokens: tokens,
  savedNanos: Type.Integer({ ...whole, default: 0 }),
  estimated: Type.Boolean({ default: false }),
  estimate: text,
  unbounded: flag,
  priceVersion: text,
  error: text,
  refusal: text,
  scope: text,
} satisfies Partial<Record<keyof Entry, TSchema>>

const nanos = Type.String({ pattern: '^-?\\d{1,18}$' })

const schema = Type.Object({
  id: Type.String({ minLength: 1 }),
  seq: Type.Union([Type.Literal('0'), Type.Literal('1')]),
  at: Type.String({ pattern: '^\\d{1,13}$' }),
  nanos,
  held: nanos,
  data: Type.Object(facts),
})
const validator = Compile(schema)

/** One row, by column name. Whole numbers beyond a double travel as strings. */
export interface Row {
  id: string
  seq: number
  day: string
  at: string
  position: string
  cost_nanos: string
  held_nanos: string
  [fact: string]: unknown
}

/** As it lies in the stream: its id there, and its fields by name. */
export interface StreamEntry {
  streamId: string
  fields: Record<string, string>
}

/** Reads an entry, or throws what is wrong with it. */
export function readEntry({ streamId, fields }: StreamEntry): Row {
  const { id, seq, at, nanos, held, data } = parse(fields)
  const admission = new Date(Number(at)).toISOString()
  const row: Row = {
    id: storable(id),
    seq: Number(seq),
    day: admission.slice(0, 10),
    at: admission,
    position: position(streamId).toString(),
    cost_nanos: nanos,
    held_nanos: held,
  }
  for (const [name, value] of Object.entries(data)) {
    const known = columnOf.get(name)
    if (known) row[known] = typeof value === 'string' ? storable(value) : value
  }
  return row
}

function parse(fields: Record<string, string>): Static<typeof schema> {
  const entry: unknown = { ...fields, data: withDefaults(JSON.parse(fields.data ?? 'null')) }
  if (validator.Check(entry)) return entry
  const [error] = validator.Errors(entry)
  throw new Error(`${error?.instancePath || 'the entry'} ${error?.message ?? 'is unreadable'}`)
}

function withDefaults(data: unknown): unknown {
  return typeof data === 'object' && data !== null ? { ...defaults, ...data } : data
}

const defaults = Object.fromEntries(
  Object.entries(facts).flatMap(([name, fact]) => ('default' in fact ? [[name, fact.default]] : [])),
)

/** Columns of `calls` that an entry fills. */
export const columns = [
  ...['id', 'seq', 'day', 'at', 'position', 'cost_nanos', 'held_nanos'],
  ...Object.keys(facts).map(column),
]

export function column(fact: string): string {
  return fact.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

const columnOf = new Map(Object.keys(facts).map(fact => [fact, column(fact)]))

/** A stream id, `<ms>-<sequence>`, as one number that sorts the same way. */
export function position(streamId: string): bigint {
  const [ms = '', sequence = '0'] = streamId.split('-')
  return (BigInt(ms) << 20n) + BigInt(sequence)
}

/** Postgres keeps no NUL and no half of a surrogate pair; neither is worth losing a charge for. */
function storable(value: string): string {
  return value.isWellFormed() && !value.includes('\0')
    ? value
    : value.toWellFormed().replaceAll('\0', '\ufffd')
}
