/** Converts a stream entry to a row of the ledger. The columns here are those of the table and of the responses. */

import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { isObject } from '../dialects/wire/json.ts'
import { copyText, plainText } from '../sql/copy.ts'
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

type Parsed = Static<typeof schema>

/** Integers that a double cannot represent are strings. */
export interface Row {
  id: string
  seq: 0 | 1
  /** Time of the admission, in milliseconds. */
  time: number
  /** UTC, `2026-11-23`. */
  day: string
  /** UTC, `2026-11-23T12:00:00.000Z`. */
  at: string
  position: string
  costNanos: string
  heldNanos: string
  facts: Parsed['data']
  /** The JSON of the facts has no escape, so no text in it needs one in COPY. */
  isPlain: boolean
}

/** An entry of the stream: its id and its fields. */
export interface StreamEntry {
  streamId: string
  fields: Record<string, string>
}

/** Parses an entry. Throws an error that names the fault. */
export function readEntry({ streamId, fields }: StreamEntry): Row {
  const { id, seq, at, nanos, held, data } = parse(fields)
  const time = Number(at)
  const text = timeText(time)
  return {
    id: storable(id),
    seq: seq === '0' ? 0 : 1,
    time,
    day: text.slice(0, 10),
    at: text,
    position: position(streamId).toString(),
    costNanos: nanos,
    heldNanos: held,
    facts: data,
    isPlain: !fields.data?.includes('\\'),
  }
}

const MINUTE = 60_000
let last = { minute: -1, text: '' }

/** The time as `toISOString` writes it, for a third of its CPU, because most times of a batch have the minute in common. */
function timeText(time: number): string {
  const minute = Math.floor(time / MINUTE)
  if (minute !== last.minute) last = { minute, text: new Date(time).toISOString().slice(0, 17) }
  const rest = String(100_000 + (time % MINUTE))
  return `${last.text}${rest.slice(1, 3)}.${rest.slice(3)}Z`
}

function parse({ id, seq, at, nanos, held, data }: Record<string, string>): Parsed {
  const entry: unknown = { id, seq, at, nanos, held, data: withDefaults(parseFacts(data)) }
  if (validator.Check(entry)) return entry
  const [error] = validator.Errors(entry)
  throw new Error(`${error?.instancePath || 'the entry'} ${error?.message ?? 'is unreadable'}`)
}

/** Only an escape in the JSON can bring a character that Postgres refuses. */
function parseFacts(json = 'null'): unknown {
  return JSON.parse(json, json.includes('\\u') ? storableValue : undefined)
}

function storableValue(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? storable(value) : value
}

function withDefaults(data: unknown): unknown {
  if (!isObject(data)) return data
  const filled: Record<string, unknown> = data
  for (const [name, value] of defaults) if (filled[name] === undefined) filled[name] = value
  return filled
}

const defaults = Object.entries(facts).flatMap<[string, unknown]>(([name, fact]) =>
  'default' in fact ? [[name, fact.default]] : [],
)

const factNames = Object.keys(facts) as (keyof typeof facts)[]

/** The columns of `calls` that an entry has values for, in the order of `copyLine`. */
export const columns = [
  ...['id', 'seq', 'day', 'at', 'position', 'cost_nanos', 'held_nanos'],
  ...factNames.map(column),
]

/** The row as a line of COPY. */
export function copyLine(row: Row): string {
  const { id, seq, day, at, position, costNanos, heldNanos, facts } = row
  const textOf = row.isPlain ? plainText : copyText
  let line = `${copyText(id)}\t${seq}\t${day}\t${at}\t${position}\t${costNanos}\t${heldNanos}`
  for (const name of factNames) line += `\t${textOf(facts[name])}`
  return `${line}\n`
}

export function column(fact: string): string {
  return fact.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

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
