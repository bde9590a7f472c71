/**
 * Merges the operator's prices over the known ones. At any time the operator's row in force is merged over the known row in
 * force. Its prices replace the known ones, and absent cache prices keep their ratio to `in`. A new model needs few fields;
 * this module derives the others.
 */

import { MOST_TOKENS, type OwnModel, type OwnRow, type PriceFile, type PricePatch, type Row } from './file.ts'
import { plainName } from './names.ts'
import {
  CACHES,
  NAMED,
  type Origin,
  type Origins,
  type OriginsByModel,
  RATES,
  sameOrigin,
} from './origins.ts'
import { scaled } from './ratio.ts'

type Rates = Partial<Pick<Row, (typeof RATES)[number]>>
type Band = NonNullable<Row['above']>[number]

interface Family {
  maker: string
  /** The highest price of a cache write of a new model, as a multiple of `in`. */
  writes: Rates
}
const anthropic: Family = { maker: 'anthropic', writes: { write5m: '1.25', write1h: '2' } }
const families: (Family & { names: RegExp })[] = [
  { ...anthropic, names: /^claude/ },
  { maker: 'openai', writes: { write: '1.25' }, names: /^(gpt|chatgpt|codex|o\d|text-embedding)/ },
]
/** For unknown providers: most compatible servers use OpenAI's format and charge a cache write as input. */
const UNKNOWN: Family = { maker: 'openai', writes: { write: '1' } }

function familyOf(id: string): Family | undefined {
  const { base } = plainName(id)
  return families.find(({ names }) => names.test(base))
}

/** A price file, with the origins of its rows. */
export interface Layered {
  file: PriceFile
  origins: OriginsByModel
  /** The operator's defaults, by maker. */
  own: NonNullable<PricePatch['defaults']>
}

/** A merged file. The changed models are not checked yet. */
export interface Merged {
  defaults: NonNullable<PriceFile['defaults']>
  unchanged: PriceFile['models']
  changed: Readonly<Record<string, unknown>>
  /** All models, in their order. */
  ids: readonly string[]
  origins: OriginsByModel
}

/**
 * Fields of a model replace the known ones, aliases are added, and an unknown model is new. A name that the patch gives
 * to a model is removed from all other models. Only the given defaults of a provider change. `source` names the patch in
 * new models.
 */
export function merge({ file, origins: known }: Layered, patch: PricePatch, source: string): Merged {
  const patched = new Map(
    Object.entries(patch.models ?? {}).map(([name, own]) => [ownerOf(name, own, file), own]),
  )
  const taken = new Set([...patched].flatMap(([id, { aliases = [] }]) => [id, ...aliases]))
  const unchanged: PriceFile['models'] = {}
  const changed: Record<string, unknown> = {}
  const origins = new Map(known)
  for (const [id, model] of Object.entries(file.models)) {
    if (patched.has(id)) continue
    // The same object, so that tables share what does not differ.
    const keeps = !model.aliases?.some(alias => taken.has(alias))
    unchanged[id] = keeps ? model : { ...model, aliases: without(model, taken) }
  }
  for (const [id, own] of patched) {
    const model = file.models[id]
    const { fields, rows } = split(own)
    const whole = model ? { ...model, ...fields } : withDefaults(id, fields, source)
    const merged = model
      ? mergedRows(withOrigins(model.prices, known.get(id)), rows)
      : rows.map(row => newRow(id, { source, ...row }, whole))
    const aliases = [...(model ? without(model, taken) : []), ...(own.aliases ?? [])]
    changed[id] = { ...whole, prices: merged.map(({ row }) => row), aliases }
    origins.set(
      id,
      merged.map(one => one.origins),
    )
  }
  const ids = [...new Set([...Object.keys(file.models), ...patched.keys()])]
  return { defaults: mergedDefaults(file.defaults, patch.defaults), unchanged, changed, ids, origins }
}

function without({ aliases = [] }: { aliases?: string[] }, taken: ReadonlySet<string>): string[] {
  return aliases.filter(alias => !taken.has(alias))
}

/** The given defaults of a provider replace the known ones. */
export function mergedDefaults(
  known: PriceFile['defaults'],
  given: PricePatch['defaults'] = {},
): NonNullable<PriceFile['defaults']> {
  const merged = { ...known }
  for (const [maker, own] of Object.entries(given))
    merged[maker] = {
      ...merged[maker],
      ...own,
      ...(own.tools && { tools: { ...merged[maker]?.tools, ...own.tools } }),
    }
  return merged
}

/** An alias means its model, unless the patch defines a whole model of this name. */
export function ownerOf(name: string, own: OwnModel, { models }: PriceFile): string {
  if (models[name] || (own.maxInput !== undefined && own.maxOutput !== undefined)) return name
  return Object.keys(models).find(id => models[id]?.aliases?.includes(name)) ?? name
}

/** The fields of a model and its rows. Prices in the model itself are one row that is always in force. */
function split(own: OwnModel): { fields: Omit<OwnModel, keyof OwnRow | 'prices'>; rows: OwnRow[] } {
  const {
    prices,
    in: input,
    out,
    read,
    write5m,
    write1h,
    write,
    above,
    tiers,
    speeds,
    geos,
    tools,
    ...rest
  } = own
  const { source, checked, note, ...fields } = rest
  const inside = { in: input, out, read, write5m, write1h, write, above, tiers, speeds, geos, tools }
  const given = Object.entries({ ...inside, source, checked, note }).filter(
    ([, value]) => value !== undefined,
  )
  const row: OwnRow = Object.fromEntries(given)
  return { fields, rows: prices ?? (given.length > 0 ? [row] : []) }
}

function withDefaults(id: string, own: Partial<OwnModel>, source: string): Partial<OwnModel> {
  const family = familyOf(id)
  const { maxInput = 0, maxOutput = 0 } = own
  const kind = own.kind ?? (maxOutput === 0 ? 'embedding' : 'chat')
  return {
    maker: family?.maker ?? UNKNOWN.maker,
    kind,
    hidesOutput: kind === 'chat',
    contextWindow: Math.min(maxInput + maxOutput, MOST_TOKENS),
    limitsFrom: source,
    // For an unknown provider the size of the largest image is unknown.
    ...(own.maker === undefined && !family && { imageTokens: maxInput }),
    ...own,
  }
}

interface MergedRow {
  row: Partial<Row>
  origins: Origins
}

type SourcedRow = OwnRow & Pick<Row, 'source'>

interface KnownRow {
  from: string | undefined
  row: Row
  origins: Origins
}

function withOrigins(rows: readonly Row[], origins: readonly Origins[] = []): KnownRow[] {
  return rows.map((row, i) => ({
    from: row.from,
    row,
    origins: origins[i] ?? sameOrigin(row, 'built-in'),
  }))
}

/** One row for each day on which a known row or an own row begins. */
function mergedRows(known: readonly KnownRow[], own: readonly OwnRow[]): MergedRow[] {
  const days = [...new Set([...known, ...own].map(({ from = '' }) => from))].sort()
  return days.flatMap(day => {
    const [base, given] = [inForce(known, day), inForce(own, day)]
    const from = day === '' ? {} : { from: day }
    // An own row may begin before the first known row.
    if (given) return mergedRow(base ?? inForce(known, days.at(-1)!)!, { ...given, ...from })
    return base ? { row: { ...base.row, ...from }, origins: base.origins } : []
  })
}

function inForce<One extends { from?: string | undefined }>(
  rows: readonly One[],
  day: string,
): One | undefined {
  const begun = rows.filter(({ from = '' }) => from <= day)
  return begun.reduce<One | undefined>(
    (last, one) => ((last?.from ?? '') > (one.from ?? '') ? last : one),
    undefined,
  )
}

function mergedRow({ row: base, origins: known }: KnownRow, own: OwnRow): MergedRow {
  const { from: _, ...prices } = base
  const row: Row = { ...prices, ...own }
  const origins: Record<string, Origin> = { ...known }
  const changed = new Set<string>()
  for (const rate of RATES) {
    const [was, is] = [base[rate], own[rate]]
    if (is !== undefined) origins[rate] = 'override'
    else if (isCache(rate) && was !== undefined && own.in !== undefined && differs(own.in, base.in)) {
      row[rate] = scaledUp(was, own.in, base.in)
      origins[rate] = 'derived'
    } else continue
    changed.add(rate)
  }
  if (own.above) {
    row.above = own.above.map(band => withCaches(band, row))
    origins.above = 'override'
  } else if (base.above && changed.size > 0) {
    row.above = base.above.map(band => scaledBand(band, base, row))
    origins.above = 'derived'
  }
  for (const what of NAMED) {
    if (!own[what]) continue
    row[what] = { ...base[what], ...own[what] }
    for (const name of Object.keys(own[what])) origins[`${what}.${name}`] = 'override'
  }
  return { row, origins }
}

/** A row of a new model. No discount is known, so a cache read costs as much as input. */
function newRow(id: string, own: SourcedRow, { maker, kind }: Partial<OwnModel>): MergedRow {
  const row = { ...own }
  const origins = sameOrigin(own, 'override')
  if (own.in === undefined || kind === 'embedding') return { row, origins }
  const hasWrite = own.write !== undefined || own.write5m !== undefined
  const { writes } = familyOf(id) ?? (maker === anthropic.maker ? anthropic : UNKNOWN)
  const usual = { read: '1', ...(!hasWrite && writes) }
  for (const [rate, times] of Object.entries(usual)) {
    if (!isCache(rate) || row[rate] !== undefined) continue
    row[rate] = scaledUp(times, own.in, '1')
    origins[rate] = 'derived'
  }
  const { above } = own
  if (above) row.above = above.map(band => withCaches(band, row))
  return { row, origins }
}

/** A band of PRICES_FILE. Its absent cache prices have the same ratio to `in` as those of the row. */
function withCaches(band: Band, row: Rates): Band {
  const whole = { ...band }
  for (const rate of CACHES) {
    const price = row[rate]
    if (whole[rate] === undefined && price !== undefined && row.in !== undefined)
      whole[rate] = scaledUp(price, band.in, row.in)
  }
  return whole
}

/** A built-in band. Each rate changes by the same factor as the rate of the row. */
function scaledBand(band: Band, base: Rates, row: Rates): Band {
  const whole = { ...band }
  for (const rate of RATES) {
    const [price, was, is] = [band[rate], base[rate], row[rate]]
    if (price !== undefined && was !== undefined && is !== undefined) whole[rate] = scaledUp(price, is, was)
  }
  return whole
}

function isCache(rate: string): rate is (typeof CACHES)[number] {
  return CACHES.some(one => one === rate)
}

function differs(a: string, b: string): boolean {
  return scaled(a, 6) !== scaled(b, 6)
}

/** price x is / was, rounded up to 6 decimals, so that a hold stays an upper bound. Without a ratio (was is 0): `is`. */
function scaledUp(price: string, is: string, was: string): string {
  const [amount, now, before] = [scaled(price, 6), scaled(is, 6), scaled(was, 6)]
  if (now === before) return price
  if (before === 0n) return is
  return decimal((amount * now + before - 1n) / before)
}

function decimal(micros: bigint): string {
  const digits = String(micros).padStart(7, '0')
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, '')
}
