/** Labels and values of an alert's details: amounts in US dollars, times in words. */

import { count, fullMoment, usd } from '../../format.js'
import { alertDetails } from '../../words.js'

/** The label of a detail, or the parts of its name: `maxPending` is `Max pending`. @param {string} name */
export function detailLabel(name) {
  const words = name.replace(/(Usd|Nanos)$/, '').replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
  return alertDetails[name] ?? `${words[0]?.toUpperCase() ?? ''}${words.slice(1).replaceAll('_', ' ')}`
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/

/** @param {string} name @param {string | number | boolean} value */
export function shownDetail(name, value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const amount = typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
  if (amount !== undefined && name.endsWith('Usd')) return usd(amount)
  if (amount !== undefined && name.endsWith('Nanos')) return usd(amount / 1e9)
  if (typeof value === 'number') return count(value)
  return TIME.test(value) ? fullMoment(value) : value
}
