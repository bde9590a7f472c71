/** Formats numbers and times. All days and times are UTC, like budgets. */

const LANGUAGE = 'en-US'
/** @param {Intl.NumberFormatOptions} options */
const numbers = options => new Intl.NumberFormat(LANGUAGE, options)
const dollars = numbers({ style: 'currency', currency: 'USD' })
const wholeDollars = numbers({ style: 'currency', currency: 'USD', maximumFractionDigits: 0 })
const counts = numbers({})
const shortCounts = numbers({ notation: 'compact', maximumFractionDigits: 1 })
const percents = numbers({ style: 'percent', maximumFractionDigits: 0 })
const finePercents = numbers({ style: 'percent', maximumFractionDigits: 1 })
const shares = numbers({ style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** Sums of money in cents; a smaller sum has two significant digits. @param {number} value */
export function usd(value) {
  const size = Math.abs(value)
  if (size >= 10_000) return wholeDollars.format(value)
  if (size === 0 || size >= 0.1) return dollars.format(value)
  if (size < 0.000001) return fineUsd(value)
  return `${value < 0 ? '−' : ''}$${Number(size.toPrecision(2)).toFixed(6).replace(/0+$/, '')}`
}

/** A budget. Whole dollars have no cents. @param {number} value */
export function limitUsd(value) {
  return Number.isInteger(value) ? wholeDollars.format(value) : usd(value)
}

/**
 * One format for all amounts of a column: as many decimals as the largest of them needs.
 * @param {number[]} values
 */
export function usdColumn(values) {
  const largest = Math.max(0, ...values.map(Math.abs))
  return usdWith(largest >= 1 || largest === 0 ? 2 : largest >= 0.01 ? 4 : 6)
}

/** For budgets and their spend, in lists. @type {(value: number) => string} */
export const budgetUsd = usdWith(2)

/** To the nano-dollar, in a column. @type {(value: number) => string} */
export const nanoUsd = usdWith(9)

/** For single calls, which cost little: one format for all lists of calls. @type {(value: number) => string} */
export const callUsd = usdWith(6)

/** @param {number} digits decimals; a smaller amount than they can show is `<` the smallest */
function usdWith(digits) {
  const format = numbers({
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  const least = 10 ** -digits
  return (/** @type {number} */ value) => {
    const isTiny = value !== 0 && Math.abs(value) < least / 2
    return isTiny ? `${value < 0 ? '−' : ''}<${format.format(least)}` : format.format(value)
  }
}

/** The cost of one call, with up to four decimals of a cent. @param {number} value */
export function fineUsd(value) {
  const size = Math.abs(value)
  if (size === 0) return '$0'
  const digits = size >= 1 ? 2 : size >= 0.01 ? 4 : 6
  const text = size.toFixed(digits)
  if (Number(text) === 0) return `${value < 0 ? '−' : ''}<$0.000001`
  return `${value < 0 ? '−' : ''}$${text}`
}

/** All digits. @param {number} value */
export function exactUsd(value) {
  return `${value < 0 ? '−' : ''}$${Math.abs(value)
    .toFixed(9)
    .replace(/0{1,7}$/, '')}`
}

/** A label of an axis. @param {number} value */
export function axisUsd(value) {
  if (value === 0) return '$0'
  if (value >= 1000) return `$${shortCounts.format(value)}`
  return `$${Number(value.toPrecision(3))}`
}

/** @param {number} value */
export function count(value) {
  return counts.format(value)
}

/** @param {number} value */
export function shortCount(value) {
  return value < 10_000 ? counts.format(value) : shortCounts.format(value)
}

/** @param {number} part @param {number} [whole] */
export function percent(part, whole = 1) {
  if (whole === 0) return '0%'
  const share = part / whole
  return share !== 0 && Math.abs(share) < 0.1 ? finePercents.format(share) : percents.format(share)
}

/** A part in a column, always with one decimal. @param {number} part @param {number} whole */
export function share(part, whole) {
  return shares.format(whole === 0 ? 0 : part / whole)
}

/** A duration in a column, always in milliseconds. @param {number} [value] */
export function milliseconds(value) {
  return value === undefined ? '–' : `${counts.format(Math.round(value))} ms`
}

/** @param {number} [value] */
export function duration(value) {
  if (value === undefined) return '–'
  if (value < 1) return '<1 ms'
  if (value < 1000) return `${Math.round(value)} ms`
  if (value < 60_000) return `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`
  return `${Math.floor(value / 60_000)} min ${Math.round((value % 60_000) / 1000)} s`
}

/** @param {Intl.DateTimeFormatOptions} options */
const times = options => new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options })
const clock = times({ hour: '2-digit', minute: '2-digit' })
const exactClock = times({ hour: '2-digit', minute: '2-digit', second: '2-digit' })
const days = times({ day: 'numeric', month: 'short' })
const longDays = times({ day: 'numeric', month: 'short', year: 'numeric' })
const weekdays = times({ weekday: 'short', day: 'numeric', month: 'short' })

/** @param {string | number | Date} at */
export const timeOfDay = at => clock.format(new Date(at))
/** @param {string | number | Date} at */
export const exactTime = at => exactClock.format(new Date(at))
/** @param {string | number | Date} at */
export const day = at => days.format(new Date(at))
/** @param {string | number | Date} at */
export const longDay = at => longDays.format(new Date(at))
/** @param {string | number | Date} at */
export const weekday = at => weekdays.format(new Date(at))

/** The time, and the day unless it is today. @param {string | number | Date} at @param {Date} [now] */
export function moment(at, now = new Date()) {
  return utcDay(at) === utcDay(now) ? exactTime(at) : `${day(at)}, ${timeOfDay(at)}`
}

/** @param {string | number | Date} at */
export function fullMoment(at) {
  return `${longDay(at)}, ${exactTime(at)} UTC`
}

const SPANS = /** @type {const} */ ([
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
])

/** @param {number} ms */
export function span(ms) {
  const found = SPANS.find(([size]) => ms >= size)
  return found ? `${Math.floor(ms / found[0])} ${found[1]}` : 'a moment'
}

/** @param {string} at @param {number} [now] */
export function ago(at, now = Date.now()) {
  const past = now - Date.parse(at)
  return past < 60_000 ? 'just now' : `${span(past)} ago`
}

/** @param {string} at @param {number} [now] */
export function until(at, now = Date.now()) {
  return span(Math.max(0, Date.parse(at) - now))
}

/** @param {string | number | Date} at */
export function utcDay(at) {
  return new Date(at).toISOString().slice(0, 10)
}

const DAY = 86_400_000

/** @param {number} back days before today; negative: after it */
export function daysAgo(back, now = Date.now()) {
  return utcDay(now - back * DAY)
}
