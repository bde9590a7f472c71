/** Builds the price table: checks the price files, merges them, and converts the prices to integers. */

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
/** Longest name that is looked up, because a response may contain any text. */
const LONGEST_NAME = 256

type Rates = Row | NonNullable<Row['above']>[number]
type Defaults = NonNullable<PriceFile['defaults']>[string]

/** All names of a model, and its rows in descending order of their start. */
interface Model {
  names: readonly string[]
  history: { since: number; price: Price }[]
}

/**
 * Builds the table from the built-in prices and the operator's prices (both as parsed JSON). Throws an Error with all
 * `faults` at once; each has a place, a found value and an expected value.
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
    if (!model) return undefined
    const time = at.getTime()
    for (const { since, price } of model.history) if (since <= time) return price
    return undefined
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

/** Finds models by names in responses: first the same version, else the model without a version. */
function servedNames(models: ReadonlyMap<string, Model>) {
  const versions = new Map<string, Model>()
  const plain = [...models].map(([name, model]) => ({ ...plainName(name), model }))
  for (const { base, day, model } of plain) if (!versions.has(base + day)) versions.set(base + day, model)
  // If a model has no name without a date, its dated name counts as one.
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
  const fees = new Map(Object.entries(tools).map(([tool, usd]) => [tool, Number(scaled(usd, 9))]))
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

/** The origins of tool fees from the provider's defaults. */
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
 * The release day of a model, for the model list. If the file has none: the first date in its names, else the first day
 * of its prices, else the first day of a check, else the Unix epoch (Anthropic's model list uses it for an unknown day).
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
  // Prices and fees have at most 12 and 15 digits, so that a number represents each exactly.
  const rate = (usd: string | undefined) => (usd === undefined ? undefined : Number(scaled(usd, 6)))
  // A client may call a model in another provider's format, which reports other kinds of writes. So each kind needs a price.
  const [short, unasked] = [rate(row.write5m), rate(row.write)]
  const usual = unasked ?? short
  const rates = {
    in: Number(scaled(row.in, 6)),
    out: Number(scaled(row.out, 6)),
    read: rate(row.read),
    write5m: short ?? unasked,
    write1h: rate(row.write1h) ?? (usual === undefined ? undefined : 2 * usual),
    write: usual,
  }
  const highest = (...writes: (number | undefined)[]) =>
    Math.max(...[rates.in, rates.read, ...writes].map(one => one ?? 0))
  const mostExpensiveInput = {
    none: highest(unasked),
    '5m': highest(rates.write5m, unasked),
    // A request for a 1-hour write can also cause shorter writes.
    '1h': highest(rates.write5m, rates.write1h, rates.write),
    other: highest(rates.write),
  }
  return { from, upTo, rates, mostExpensiveInput }
}

function multipliersOf(what: Multiplied, row: Row, named: string | undefined): ReadonlyMap<string, Ratio> {
  const plain = what === 'tier' ? plainTiers : []
  const known = new Map([...standard[what], ...plain].map(name => [name, ONE]))
  for (const [name, times] of Object.entries(row[rowKey[what]] ?? {})) known.set(name, ratioOf(times))
  // If a model does not have the account's default, the provider serves it as standard.
  return known.has('auto') ? known : known.set('auto', (named && known.get(named)) || ONE)
}

function startOf({ from }: Row): number {
  return from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(`${from}T00:00:00Z`)
}

/** JSON with sorted keys, so that the hash does not depend on their order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    one !== null && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}
