/** What is wrong with a price file: all of it at once, each with where, what was found and what was expected. */

import { type Static, type TSchema, Type } from 'typebox'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'
import { type ModelEntry, type PriceFile, rowKey, standard } from './file.ts'
import { type Multiplied, multiplied } from './price.ts'

/** The value, if it has the form; else throws all its faults at once. */
export function check<T extends TSchema>(schema: T, value: unknown): Static<T> {
  if (Value.Check(schema, value)) return value
  throw faulty(faultsOf(schema, value))
}

/** Throws where the form is right, but two things in it contradict each other. */
export function refuseContradictions(file: PriceFile): void {
  const faults = [
    ...Object.entries(file.models).flatMap(rowFaults),
    ...aliasFaults(file),
    ...defaultFaults(file),
    ...speedFaults(file),
  ]
  if (faults.length > 0) throw faulty(faults)
}

/** An error with one line per fault: where, what was found, what was expected. */
function faulty(faults: string[]): Error & { faults: string[] } {
  return Object.assign(new Error(faults.join('\n')), { faults })
}

function faultsOf(schema: TSchema, value: unknown): string[] {
  return allErrors(schema, value).flatMap(error => {
    const { instancePath: path } = error
    // Unknown fields complain one by one, and a choice as a whole: their parents and parts would repeat it.
    if (error.keyword === 'additionalProperties' || error.keyword === 'const') return []
    if (error.keyword === 'required') {
      return error.params.requiredProperties.map(field => fault(`${path}/${field}`, undefined, 'a value'))
    }
    const found = Value.Pointer.Get(value, path)
    if (error.keyword === 'boolean') return fault(path, found, 'no field of this name')
    return fault(path, found, expectedAt(schema, error.schemaPath) ?? error.message.replace(/^must be /, ''))
  })
}

/** TypeBox stops at 8 errors unless told otherwise, for all that use it; so it is told for this one call. */
function allErrors(schema: TSchema, value: unknown) {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: 1000 })
  try {
    return Value.Errors(schema, value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

function fault(path: string, found: unknown, expected: string): string {
  const shown = JSON.stringify(found) ?? 'nothing'
  const where = path.replaceAll('~1', '/').replaceAll('~0', '~') || '/'
  return `${where}: found ${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}, expected ${expected}`
}

/** What the schema itself says a right value looks like. */
function expectedAt(schema: TSchema, schemaPath: string): string | undefined {
  const part = Value.Pointer.Get(schema, schemaPath.slice(1))
  const words = Type.Object({ expected: Type.String() })
  return Value.Check(words, part) ? part.expected : undefined
}

function rowFaults([id, { prices }]: [string, ModelEntry]): string[] {
  const days = prices.map(row => row.from ?? 'the beginning')
  return prices.flatMap((row, i) => {
    const steps = (row.above ?? []).map(({ tokens }) => tokens)
    return [
      ...(days.indexOf(days[i]!) < i
        ? [`/models/${id}/prices: found two rows from ${days[i]}, expected one`]
        : []),
      ...(new Set(steps).size < steps.length
        ? [`/models/${id}/prices/${i}/above: found ${steps.join(', ')} tokens, expected different thresholds`]
        : []),
    ]
  })
}

function aliasFaults({ models }: PriceFile): string[] {
  const owners = new Map(Object.keys(models).map(id => [id, id]))
  return Object.entries(models).flatMap(([id, { aliases = [] }]) =>
    aliases.flatMap(alias => {
      const owner = owners.get(alias)
      owners.set(alias, id)
      return owner === undefined
        ? []
        : [`/models/${id}/aliases: found ${alias}, which already names ${owner}`]
    }),
  )
}

function defaultFaults({ defaults = {}, models }: PriceFile): string[] {
  return Object.entries(defaults).flatMap(([maker, named]) =>
    multiplied.flatMap(what => {
      const name = named[what]
      const known = new Set([...standard[what], ...pricedBy(maker, what, models)])
      return name === undefined || known.has(name)
        ? []
        : [`/defaults/${maker}/${what}: found ${name}, expected one of ${listed(known)}`]
    }),
  )
}

/** Rejects a rate for a tier or speed that no model of its maker has a price for: it would never be used. */
function speedFaults({ models }: PriceFile): string[] {
  return Object.entries(models).flatMap(([id, { maker, fasterOutput = {} }]) => {
    const names = Object.keys(fasterOutput)
    if (names.length === 0) return []
    const known = new Set([...pricedBy(maker, 'tier', models), ...pricedBy(maker, 'speed', models)])
    return names
      .filter(name => !known.has(name))
      .map(name => `/models/${id}/fasterOutput: found ${name}, expected one of ${listed(known) || 'no name'}`)
  })
}

/** Names that any model of this maker has a multiplier for. */
function pricedBy(maker: string, what: Multiplied, models: PriceFile['models']): string[] {
  const rows = Object.values(models).flatMap(entry => (entry.maker === maker ? entry.prices : []))
  return rows.flatMap(row => Object.keys(row[rowKey[what]] ?? {}))
}

function listed(names: Iterable<string>): string {
  return [...names].sort().join(', ')
}
