/** The time range of the list of calls: a period up to today, or two times. */

import { day, daysAgo, longDay, timeOfDay } from '../../format.js'
import { href } from '../../router.js'

/** The longest range for a filter or an order without an index. */
const BOUNDED = 'Last 31 days'
/** @type {Record<string, [days: number, label: string]>} */
const periods = { today: [0, 'Today'], '7d': [6, 'Last 7 days'], '30d': [29, 'Last 30 days'] }

/** @typedef {{ period?: string | undefined, from?: string | undefined, to?: string | undefined }} Range */

/** The range as parameters of a request. @param {Range} range @returns {{ from: string | undefined, to: string | undefined }} */
export function endsOf({ period = '', from, to }) {
  const found = periods[period]
  return found ? { from: daysAgo(found[0]), to: undefined } : { from, to }
}

/** @param {Range} range @param {boolean} isBounded @returns {[string, string][]} */
export function periodOptions({ from, to }, isBounded) {
  return [
    ['', isBounded ? BOUNDED : 'Any time'],
    ...Object.entries(periods).map(([name, [, label]]) => /** @type {[string, string]} */ ([name, label])),
    ...(from || to ? [/** @type {[string, string]} */ (['range', rangeWords(from, to)])] : []),
  ]
}

/** @param {string | undefined} from @param {string | undefined} to */
function rangeWords(from, to) {
  // The address may hold an invalid time; the administration's error names it.
  if ([from, to].some(at => at !== undefined && Number.isNaN(Date.parse(at)))) return 'Another time'
  const isDay = from?.length === 10 && to === nextOf(from)
  if (from && isDay) return longDay(from)
  const end = (/** @type {string} */ at) => (at.length === 10 ? day(at) : `${day(at)}, ${timeOfDay(at)}`)
  return [from && `from ${end(from)}`, to && `to ${end(to)}`].filter(Boolean).join(' ')
}

/** The end of a bucket of a chart. @param {string} bucket a UTC day, or the start of an hour */
function nextOf(bucket) {
  const isDay = bucket.length === 10
  const next = new Date(Date.parse(bucket) + (isDay ? 86_400_000 : 3_600_000)).toISOString()
  return isDay ? next.slice(0, 10) : next.replace('.000', '')
}

/** The calls of one bucket of a chart. @param {string} bucket @param {{ client?: string | undefined, team?: string | undefined, model?: string | undefined }} [filter] */
export function callsHref(bucket, filter = {}) {
  return href('/calls', { ...filter, from: bucket, to: nextOf(bucket) })
}
