/** Computes the series of a chart from rows of sums: the largest names, and one series for all others. */

import { tonesOf } from './tones.js'

/** @typedef {{ name: string, values: number[], total: number, tone: number, isOthers?: boolean }} Series `tone`: which of the palette's colours. */

export const SHOWN = 6
/** The name of the sum of others. No real name is empty. */
const OTHERS = ''

/**
 * @template Row
 * @param {Row[]} rows
 * @param {{ buckets: string[], bucketOf: (row: Row) => string | undefined, nameOf: (row: Row) => string, amountOf: (row: Row) => number, isOthers?: (row: Row) => boolean, shown?: number, kind: string }} how `kind`: the kind of the names, such as `client`. Each kind has its own colours. `isOthers`: the row is the sum of all other names.
 * @returns {Series[]} the largest first
 */
export function seriesOf(
  rows,
  { buckets, bucketOf, nameOf, amountOf, isOthers = () => false, kind, shown = SHOWN },
) {
  const places = new Map(buckets.map((bucket, i) => [bucket, i]))
  /** @type {Map<string, number[]>} */
  const byName = new Map()
  for (const row of rows) {
    const at = places.get(bucketOf(row) ?? '')
    if (at === undefined) continue
    const name = isOthers(row) ? OTHERS : nameOf(row)
    const values = byName.get(name) ?? buckets.map(() => 0)
    values[at] = (values[at] ?? 0) + amountOf(row)
    byName.set(name, values)
  }
  const all = [...byName]
    .map(([name, values]) => ({ name, values, total: values.reduce((sum, value) => sum + value, 0) }))
    .filter(({ total }) => total > 0)
    .sort((a, b) => Number(a.name === OTHERS) - Number(b.name === OTHERS) || b.total - a.total)
  const isOpen = all.at(-1)?.name === OTHERS
  // A single other name is shown by its name.
  const cut =
    all.length === shown + 1 && !isOpen ? all.length : Math.min(shown, all.length - (isOpen ? 1 : 0))
  const tones = tonesOf(
    kind,
    all.slice(0, cut).map(({ name }) => name),
  )
  const named = all.slice(0, cut).map(series => ({ ...series, tone: tones.get(series.name) ?? 0 }))
  const others = all.slice(cut)
  if (others.length === 0) return named
  return [
    ...named,
    {
      name: isOpen ? 'All others' : `${others.length} others`,
      values: buckets.map((_, i) => others.reduce((sum, { values }) => sum + (values[i] ?? 0), 0)),
      total: others.reduce((sum, { total }) => sum + total, 0),
      tone: 7,
      isOthers: true,
    },
  ]
}

const HOUR = 3_600_000

/** The last 24 hours, or the last days, as the roll-ups name them. @param {string} range `24h` or `30d` @param {number} now */
export function bucketsOf(range, now) {
  if (range === '24h') {
    const last = Math.floor(now / HOUR) * HOUR
    return Array.from({ length: 24 }, (_, i) =>
      new Date(last - (23 - i) * HOUR).toISOString().replace('.000', ''),
    )
  }
  const days = Number.parseInt(range, 10)
  return Array.from({ length: days }, (_, i) =>
    new Date(now - (days - 1 - i) * 24 * HOUR).toISOString().slice(0, 10),
  )
}
