/** Converts a stream entry to a row of the ledger. The columns here are those of the table and of the responses. */

import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { facts } from './call-record.ts'

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

/** One row, by column name. Integers that a double cannot represent are strings. */
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

/** An entry of the stream: its id and its fields. */
export interface StreamEntry {
  streamId: string
  fields: Record<string, string>
}

/** Parses an entry. Throws an error that names the fault. */
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

/** The columns of `calls` that an entry has values for. */
export const columns = [
  ...['id', 'seq', 'day', 'at', 'position', 'cost_nanos', 'held_nanos'],
  ...Object.keys(facts).map(column),
]

export function column(fact: string): string {
  return fact.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

const columnOf = new Map(Object.keys(facts).map(fact => [fact, column(fact)]))

/** Converts a stream id, `<ms>-<sequence>`, to one number with the same order. */
export function position(streamId: string): bigint {
  const [ms = '', sequence = '0'] = streamId.split('-')
  return (BigInt(ms) << 20n) + BigInt(sequence)
}

/** Postgres refuses NUL and half surrogate pairs. They are replaced, so that the charge is not lost. */
function storable(value: string): string {
  return value.isWellFormed() && !value.includes('\0')
    ? value
    : value.toWellFormed().replaceAll('\0', '\ufffd')
}
