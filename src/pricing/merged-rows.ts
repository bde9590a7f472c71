/** Merges the operator's rows of a model over the known ones. */

import { anthropic, familyOf, UNKNOWN } from './families.ts'
import type { OwnModel, OwnRow, Row } from './file.ts'
import { CACHES, NAMED, type Origin, type Origins, RATES, sameOrigin } from './origins.ts'
import { dollarsOf, scaled } from './ratio.ts'

type Rates = Partial<Pick<Row, (typeof RATES)[number]>>
type Band = NonNullable<Row['above']>[number]

export interface MergedRow {
  row: Partial<Row>
  origins: Origins
}

type SourcedRow = OwnRow & Pick<Row, 'source'>

interface KnownRow {
  from: string | undefined
  row: Row
  origins: Origins
}

export function withOrigins(rows: readonly Row[], origins: readonly Origins[] = []): KnownRow[] {
  return rows.map((row, i) => ({
    from: row.from,
    row,
    origins: origins[i] ?? sameOrigin(row, 'built-in'),
  }))
}

/** One row for each day on which a known row or an own row begins. */
export function mergedRows(known: readonly KnownRow[], own: readonly OwnRow[]): MergedRow[] {
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
export function newRow(id: string, own: SourcedRow, { maker, kind }: Partial<OwnModel>): MergedRow {
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
  return dollarsOf((amount * now + before - 1n) / before)
}
