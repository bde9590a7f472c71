/** The price table in memory: price files, checked, laid over one another, and turned into whole numbers once. */

import { createHash } from 'node:crypto'
import { check, refuseContradictions, refuseIncomplete } from './faults.ts'
import type { Multiplied } from './file.ts'
import {
  type ModelEntry,
  type PriceFile,
  type PricePatch,
  plainTiers,
  priceFile,
  pricePatch,
  type Row,
  rowKey,
  standard,
} from './file.ts'
import { builtinOrigins, merge, type Origins, type OriginsByModel } from './merge.ts'
import { plainName } from './names.ts'
import type { Band, Price, PriceTable } from './price.ts'
import { ONE, type Ratio, ratioOf, scaled } from './ratio.ts'

const UNKNOWN_DAY = '1970-01-01'
/** No model has a longer name; a response may hold anything. */
const LONGEST_NAME = 256

type Rates = Row | NonNullable<Row['above']>[number]
type Defaults = NonNullable<PriceFile['defaults']>[string]

/** A model: all its names, and its rows, the newest first. */
interface Model {
  names: readonly string[]
  history: { since: number; price: Price }[]
}

/**
 * Builds the table from the built-in prices and, laid over them, an operator's own (both as read from JSON). Throws an
 * Error with all `faults` at once: where, what was found, what was expected.
 */
export function loadPrices(builtin: unknown, override: unknown = {}): PriceTable {
  const patch = check(pricePatch, override)
  const known = check(priceFile, builtin)
  refuseIncomplete(known, patch)
  const { merged, origins } = merge(known, patch)
  const file = check(priceFile, merged)
  refuseContradictions(file, patch)
  return tableOf(file, origins, patch)
}

function tableOf(file: PriceFile, origins: OriginsByModel, { defaults }: PricePatch): PriceTable {
  const models = new Map<string, Model>()
  for (const [id, entry] of Object.entries(file.models)) {
    const history = entry.prices
      .map((row, i) => {
        const price = priceOf(id, entry, row, file.defaults?.[entry.maker])
        const given = origins.get(id)?.[i] ?? builtinOrigins(row)
        price.origins = { ...feeOrigins(price.row, defaults?.[entry.maker]), ...given }
        return { since: startOf(row), price: Object.freeze(price) }
      })
      .sort((a, b) => b.since - a.since)
    const model = { names: Object.freeze(namesIn(id, entry)), history }
    for (const name of model.names) models.set(name, model)
  }
  const names = [...models.keys()].sort()
  const served = servedNames(models)
  const priceAt = (model: Model | undefined, at: Date) => {
    const time = at.getTime()
    return model?.history.find(({ since }) => since <= time)?.price
  }
  const find = (model: string, at: Date) => priceAt(models.get(model), at)
  return Object.freeze({
    version: createHash('sha256').update(canonical(file)).digest('hex').slice(0, 12),
    names: new Set(names),
    namesOf: (model: string) => models.get(model)?.names ?? [model],
    find,
    findServed: (model: string, at: Date) => priceAt(models.get(model) ?? served(model), at),
    list: (at: Date) =>
      names.flatMap(id => {
        const price = find(id, at)
        return price ? [{ id, price }] : []
      }),
  })
}

/** Finds models by names that differ from the table's own: first the very version, else the model without one. */
function servedNames(models: ReadonlyMap<string, Model>) {
  const versions = new Map<string, Model>()
  const plain = [...models].map(([name, model]) => ({ ...plainName(name), model }))
  for (const { base, day, model } of plain) if (!versions.has(base + day)) versions.set(base + day, model)
  // Only a model without an undated name is found by a dated one.
  for (const { base, model } of plain) if (!versions.has(base)) versions.set(base, model)
  return (name: string) => {
    if (name.length > LONGEST_NAME) return undefined
    const { base, day } = plainName(name)
    return versions.get(base + day) ?? versions.get(base)
  }
}

function priceOf(id: string, entry: ModelEntry, row: Row, defaults: Defaults = {}): Price {
  const { maker, kind, hidesOutput, contextWindow, maxInput, maxOutput } = entry
  const { imageTokens = defaults.imageTokens ?? maxInput, imagesBesideInput = false } = entry
  const above = [...(row.above ?? [])].sort((a, b) => a.tokens - b.tokens)
  const bands = [row, ...above].map((rates, i) =>
    bandOf(rates, i === 0 ? 0 : above[i - 1]!.tokens + 1, above[i]?.tokens ?? Number.POSITIVE_INFINITY),
  )
  const tools = { ...(kind === 'chat' && defaults.tools), ...row.tools }
  const fees = new Map(Object.entries(tools).map(([tool, usd]) => [tool, scaled(usd, 9)]))
  return {
    model: id,
    maker,
    kind,
    hidesOutput,
    contextWindow,
    maxInput,
    maxOutput,
    maxOutputTokensPerSecond: entry.maxOutputTokensPerSecond,
    fasterOutput: new Map(Object.entries(entry.fasterOutput ?? {})),
    accountNames: [defaults.tier, defaults.speed].flatMap(name => name ?? []),
    displayName: entry.displayName ?? id,
    released: new Date(releasedOn(id, entry)),
    imageTokens,
    imagesBesideInput,
    row: { ...row, tools },
    origins: {},
    bands,
    multipliers: {
      tier: multipliersOf('tier', row, defaults.tier),
      speed: multipliersOf('speed', row, defaults.speed),
      geo: multipliersOf('geo', row, defaults.geo),
    },
    fees,
  }
}

/** The origins of tool fees that come from the maker's defaults. */
function feeOrigins({ tools = {} }: Row, own: Defaults = {}): Origins {
  return Object.fromEntries(
    Object.keys(tools).map(tool => [
      `tools.${tool}`,
      own.tools?.[tool] === undefined ? 'built-in' : 'override',
    ]),
  )
}

function namesIn(id: string, { aliases = [] }: ModelEntry): string[] {
  return [id, ...aliases]
}

/**
 * The release day of a model, for the model list. Without one in the file: the first date in its names, else the first
 * day of its prices, else the day they were first checked, else
 * the Unix epoch, as Anthropic's model list has it where no day is known.
 */
function releasedOn(id: string, entry: ModelEntry): string {
  const first = (days: string[]) => days.sort()[0]
  return (
    entry.released ??
    first(namesIn(id, entry).flatMap(dayInName)) ??
    first(entry.prices.flatMap(({ from }) => from ?? [])) ??
    first(entry.prices.flatMap(({ checked }) => checked ?? [])) ??
    UNKNOWN_DAY
  )
}

/** The date in a name such as claude-haiku-4-5-20251001 or gpt-5-2025-08-07. */
function dayInName(name: string): string[] {
  const parts = /-(20\d{2})-?(\d{2})-?(\d{2})$/.exec(name)?.slice(1)
  const day = parts?.join('-')
  return day === undefined || Number.isNaN(Date.parse(day)) ? [] : [day]
}

function bandOf(row: Rates, from: number, upTo: number): Band {
  const rate = (usd: string | undefined) => (usd === undefined ? undefined : scaled(usd, 6))
  // Any maker's model may be asked for, and its usage told, in the words of another: each kind of write needs a price.
  const [short, unasked] = [rate(row.write5m), rate(row.write)]
  const usual = unasked ?? short
  const rates = {
    in: scaled(row.in, 6),
    out: scaled(row.out, 6),
    read: rate(row.read),
    write5m: short ?? unasked,
    write1h: rate(row.write1h) ?? (usual === undefined ? undefined : 2n * usual),
    write: usual,
  }
  const dearest = (...writes: (bigint | undefined)[]) =>
    [rates.in, rates.read, ...writes].reduce<bigint>((most, one) => (one && one > most ? one : most), 0n)
  const dearestInput = {
    none: dearest(unasked),
    '5m': dearest(rates.write5m, unasked),
    // A request for the longest-lived write can cause shorter-lived ones beside it.
    '1h': dearest(rates.write5m, rates.write1h, rates.write),
    other: dearest(rates.write),
  }
  return { from, upTo, rates, dearestInput }
}

function multipliersOf(what: Multiplied, row: Row, named: string | undefined): ReadonlyMap<string, Ratio> {
  const plain = what === 'tier' ? plainTiers : []
  const known = new Map([...standard[what], ...plain].map(name => [name, ONE]))
  for (const [name, times] of Object.entries(row[rowKey[what]] ?? {})) known.set(name, ratioOf(times))
  // A model that does not offer what the account gives by default is served as standard.
  return known.has('auto') ? known : known.set('auto', (named && known.get(named)) || ONE)
}

function startOf({ from }: Row): number {
  return from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(`${from}T00:00:00Z`)
}

/** JSON that does not depend on the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    one !== null && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}
