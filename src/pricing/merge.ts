/**
 * Merges PRICES_FILE over the built-in prices. At any time its row in force is merged over the built-in row in force. Its
 * prices replace the built-in ones, and absent cache prices keep their ratio to `in`. A new model needs few fields; this
 * module derives the others.
 */

import { MOST_TOKENS, type OwnModel, type OwnRow, type PriceFile, type PricePatch, type Row } from './file.ts'
import { plainName } from './names.ts'
import { scaled } from './ratio.ts'

/** built-in: shipped with the gateway; override: from PRICES_FILE; derived: computed from an override. */
export const ORIGINS = ['built-in', 'override', 'derived'] as const
export type Origin = (typeof ORIGINS)[number]
/** The origin of each price: `in`, `read`, `above`, `tiers.batch`, `tools.web_search`. */
export type Origins = Readonly<Record<string, Origin>>

const CACHES = ['read', 'write5m', 'write1h', 'write'] as const
const RATES = ['in', 'out', ...CACHES] as const
const NAMED = ['tiers', 'speeds', 'geos', 'tools'] as const

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

/** The models that PRICES_FILE changes, each with the origins of its rows in order. */
export type OriginsByModel = ReadonlyMap<string, readonly Origins[]>

/**
 * Fields of a model replace the built-in ones, aliases are added, and an unknown model is new. A name that the patch gives
 * to a model is removed from all other models. Only the given defaults of a provider change.
 */
export function merge(file: PriceFile, patch: PricePatch): { merged: unknown; origins: OriginsByModel } {
  const patched = new Map(
    Object.entries(patch.models ?? {}).map(([name, own]) => [ownerOf(name, own, file), own]),
  )
  const taken = new Set([...patched].flatMap(([id, { aliases = [] }]) => [id, ...aliases]))
  const models: Record<string, unknown> = {}
  const origins = new Map<string, readonly Origins[]>()
  for (const id of new Set([...Object.keys(file.models), ...patched.keys()])) {
    const known = file.models[id]
    const own = patched.get(id)
    const { fields = {}, rows = [] } = own ? split(own) : {}
    const aliases = (known?.aliases ?? []).filter(alias => !taken.has(alias))
    const model = known ? { ...known, ...fields } : withDefaults(id, fields)
    const merged = known ? mergedRows(known.prices, rows) : rows.map(row => newRow(id, row, model))
    models[id] = {
      ...model,
      prices: merged.map(({ row }) => row),
      aliases: [...aliases, ...(own?.aliases ?? [])],
    }
    if (own)
      origins.set(
        id,
        merged.map(one => one.origins),
      )
  }
  const defaults: Record<string, unknown> = { ...file.defaults }
  for (const [maker, given] of Object.entries(patch.defaults ?? {}))
    defaults[maker] = {
      ...file.defaults?.[maker],
      ...given,
      ...(given.tools && { tools: { ...file.defaults?.[maker]?.tools, ...given.tools } }),
    }
  return { merged: { defaults, models }, origins }
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

function withDefaults(id: string, own: Partial<OwnModel>): Partial<OwnModel> {
  const family = familyOf(id)
  const { maxInput = 0, maxOutput = 0 } = own
  const kind = own.kind ?? (maxOutput === 0 ? 'embedding' : 'chat')
  return {
    maker: family?.maker ?? UNKNOWN.maker,
    kind,
    hidesOutput: kind === 'chat',
    contextWindow: Math.min(maxInput + maxOutput, MOST_TOKENS),
    limitsFrom: 'PRICES_FILE',
    // For an unknown provider the size of the largest image is unknown.
    ...(own.maker === undefined && !family && { imageTokens: maxInput }),
    ...own,
  }
}

interface MergedRow {
  row: Partial<Row>
  origins: Origins
}

/** One row for each day on which a built-in row or an own row begins. */
function mergedRows(known: readonly Row[], own: readonly OwnRow[]): MergedRow[] {
  const days = [...new Set([...known, ...own].map(({ from = '' }) => from))].sort()
  return days.flatMap(day => {
    const [base, given] = [inForce(known, day), inForce(own, day)]
    const from = day === '' ? {} : { from: day }
    // An own row may begin before the first built-in row.
    if (given) return mergedRow(base ?? inForce(known, days.at(-1)!)!, { ...given, ...from })
    return base ? { row: { ...base, ...from }, origins: builtinOrigins(base) } : []
  })
}

function inForce<One extends { from?: string }>(rows: readonly One[], day: string): One | undefined {
  const begun = rows.filter(({ from = '' }) => from <= day)
  return begun.reduce<One | undefined>(
    (last, one) => ((last?.from ?? '') > (one.from ?? '') ? last : one),
    undefined,
  )
}

function mergedRow(base: Row, own: OwnRow): MergedRow {
  const { from: _, ...prices } = base
  const row: Row = { ...prices, ...own }
  const origins: Record<string, Origin> = { ...builtinOrigins(base) }
  for (const rate of RATES) {
    const [was, is] = [base[rate], own[rate]]
    if (is !== undefined) origins[rate] = 'override'
    else if (isCache(rate) && was !== undefined && own.in !== undefined && differs(own.in, base.in)) {
      row[rate] = scaledUp(was, own.in, base.in)
      origins[rate] = 'derived'
    }
  }
  if (own.above) {
    row.above = own.above.map(band => withCaches(band, row))
    origins.above = 'override'
  } else if (base.above && RATES.some(rate => origins[rate] !== 'built-in' && row[rate] !== undefined)) {
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
function newRow(id: string, own: OwnRow, { maker, kind }: Partial<OwnModel>): MergedRow {
  const row: OwnRow & Pick<Row, 'source'> = { source: 'PRICES_FILE', ...own }
  const origins: Record<string, Origin> = {}
  for (const name of Object.keys(builtinOrigins(own))) origins[name] = 'override'
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

export function builtinOrigins(row: OwnRow): Record<string, Origin> {
  const names = [
    ...[...RATES, 'above' as const].filter(name => row[name] !== undefined),
    ...NAMED.flatMap(what => Object.keys(row[what] ?? {}).map(name => `${what}.${name}`)),
  ]
  return Object.fromEntries(names.map(name => [name, 'built-in']))
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
