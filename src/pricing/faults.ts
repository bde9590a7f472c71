/** Reports all faults of a price file at once. Each fault has a place, a found value and an expected value. */

import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import {
  type Multiplied,
  multiplied,
  type OwnRow,
  ownModel,
  type PriceFile,
  type PricePatch,
  rowKey,
  rowNames,
  standard,
} from './file.ts'
import { ownerOf } from './merge.ts'
import { didYouMean } from './nearest.ts'
import { expectedAt, fault, lineOf, schemaFaults } from './schema-faults.ts'

/** Returns the value if it matches the schema; else throws all its faults at once. */
export function check<T extends TSchema>(schema: T, value: unknown): Static<T> {
  if (Value.Check(schema, value)) return value
  throw faulty(schemaFaults(schema, value, { synonyms: [SYNONYMS] }).map(lineOf))
}

const NEEDED = ['in', 'out', 'maxInput', 'maxOutput'] as const

/** Throws if a new model in PRICES_FILE lacks a field that it needs, or if a model or its prices are given twice. */
export function refuseIncomplete(known: PriceFile, { models = {} }: PricePatch): void {
  const names = [...namesOf(known)]
  const owners = new Map<string, string>()
  const faults = Object.entries(models).flatMap(([id, own]) => {
    const found: string[] = []
    const owner = ownerOf(id, own, known)
    const other = owners.get(owner)
    if (other !== undefined)
      found.push(
        `/models/${id}: found an override beside that of ${other}, which is the same model, expected one`,
      )
    owners.set(owner, id)
    const { prices, ...inside } = own
    const twice = rowNames.find(name => inside[name] !== undefined)
    if (prices && twice) found.push(`/models/${id}/${twice}: found it beside prices, expected either of them`)
    if (known.models[owner]) return found
    const hint = `, which a new model needs.${didYouMean(id, names)}`
    const rows = prices?.map((row, i) => [row, `/prices/${i}`] as const) ?? [[inside, ''] as const]
    for (const [row, path] of rows)
      for (const name of NEEDED) {
        const isRate = name === 'in' || name === 'out'
        const value = isRate ? row[name] : own[name]
        if (value !== undefined || (!isRate && row !== rows[0]?.[0])) continue
        found.push(
          lineOf(fault(`/models/${id}${isRate ? path : ''}/${name}`, undefined, neededWords(name) + hint)),
        )
      }
    return found
  })
  if (faults.length > 0) throw faulty(faults)
}

const neededWords = (name: string) => expectedAt(ownModel, `#/properties/${name}`) ?? 'a value'

function* namesOf({ models }: PriceFile) {
  for (const [id, { aliases = [] }] of Object.entries(models)) yield* [id, ...aliases]
}

/** Throws if two values of a file that matches the schema contradict each other. */
export function refuseContradictions(file: PriceFile, { models = {} }: PricePatch): void {
  const faults = [
    ...Object.entries(file.models).flatMap(([id, { prices }]) => rowFaults(id, models[id]?.prices ?? prices)),
    ...aliasFaults(file),
    ...defaultFaults(file),
    ...speedFaults(file),
  ]
  if (faults.length > 0) throw faulty(faults)
}

/** An error with one line per fault: the place, the found value and the expected value. */
function faulty(faults: string[]): Error & { faults: string[] } {
  return Object.assign(new Error(faults.join('\n')), { faults })
}

/** Other common names of these fields, in lower case without punctuation. */
export const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ...['input', 'prompt', 'inputprice', 'inputcost'].map(name => [name, 'in'] as const),
  ...['output', 'completion', 'outputprice', 'outputcost'].map(name => [name, 'out'] as const),
  ...['cacheread', 'cachedinput', 'cached', 'cachedin', 'inputcacheread'].map(
    name => [name, 'read'] as const,
  ),
  ...['cachewrite', 'cachecreation', 'inputcachewrite'].map(name => [name, 'write'] as const),
  ...['context', 'contextlength', 'maxcontext'].map(name => [name, 'contextWindow'] as const),
  ...['maxinputtokens', 'inputlimit'].map(name => [name, 'maxInput'] as const),
  ...['maxtokens', 'maxoutputtokens', 'maxcompletiontokens', 'outputlimit'].map(
    name => [name, 'maxOutput'] as const,
  ),
  ...['provider', 'vendor'].map(name => [name, 'maker'] as const),
  ...['type', 'mode'].map(name => [name, 'kind'] as const),
])

function rowFaults(id: string, prices: readonly OwnRow[]): string[] {
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

/** Rejects a rate for a tier or speed that has no price on any model of its provider, because no call could use it. */
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

/** The names that have a multiplier on a model of this provider. */
function pricedBy(maker: string, what: Multiplied, models: PriceFile['models']): string[] {
  const rows = Object.values(models).flatMap(entry => (entry.maker === maker ? entry.prices : []))
  return rows.flatMap(row => Object.keys(row[rowKey[what]] ?? {}))
}

function listed(names: Iterable<string>): string {
  return [...names].sort().join(', ')
}
