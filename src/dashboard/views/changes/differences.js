/** The changed fields, with old and new values. */

import { html } from 'htm/preact'
import { Icon } from '../../components/icon.js'
import { count, fullMoment, limitUsd } from '../../format.js'
import { roleLabel } from '../../words.js'

/** @import { AuditEvent } from '../../types.ts' */
/** @typedef {{ field: string, was: unknown, is: unknown }} Difference */

/** The fields of a rotated key's successor. They have no old value. */
const NEW = 'successor.'

/** Fields that the row shows, or that follow from the row. */
const KNOWN = [
  ...['id', 'createdAt', 'createdBy', 'revokedAt'],
  ...['successor.client', 'successor.status', 'successor.createdAt', 'successor.rotatedFrom'],
]
/** Also hidden if the subject was created or deleted. */
const KNOWN_OF_WHOLE = ['name', 'status']

/** @param {{ auditEvent: AuditEvent }} props */
export function Differences({ auditEvent: { before, after } }) {
  const isWhole = before === null || after === null
  const hidden = isWhole ? [...KNOWN, ...KNOWN_OF_WHOLE] : KNOWN
  const found = differences(before ?? {}, after ?? {}).filter(({ field }) => !hidden.includes(field))
  if (found.length === 0) return null
  return html`<ul class="differences ${after === null ? 'is-gone' : ''}">
    ${found.map(one => html`<li><span class="difference-field">${labels[one.field] ?? html`<code>${one.field}</code>`}</span> <${Values} of=${one} isAlone=${isWhole || one.field.startsWith(NEW)} /></li>`)}
  </ul>`
}

/** @param {{ of: Difference, isAlone: boolean }} props `isAlone`: there is no other difference. */
function Values({ of: { field, was, is }, isAlone }) {
  if (isAlone) return html`<span class="break">${show(field, is ?? was)}</span>`
  return html`<del class="break">${show(field, was)}</del> <${Icon} name="arrow" /><span class="hidden">became</span> <ins class="break">${show(field, is)}</ins>`
}

/**
 * Compares field by field; lists, buckets and values that are not objects are compared as a whole.
 * @param {object} before
 * @param {object} after
 * @returns {Difference[]}
 */
function differences(before, after, path = '') {
  const [was, is] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  return [...new Set([...was.keys(), ...is.keys()])].flatMap(name => {
    const [a, b] = [was.get(name), is.get(name)]
    const field = path + name
    if (isGroup(a ?? {}) && isGroup(b ?? {}) && (a ?? b)) return differences(a ?? {}, b ?? {}, `${field}.`)
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ field, was: a, is: b }]
  })
}

/** @param {unknown} value */
function isGroup(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('per' in value)
}

/** @type {Record<string, string>} */
const labels = {
  name: 'Name',
  team: 'Team',
  models: 'Models',
  disabled: 'Disabled',
  'budget.day': 'Budget a day',
  'budget.month': 'Budget a month',
  'limits.requests': 'Requests',
  'limits.tokens': 'Tokens',
  'limits.concurrency': 'Calls at once',
  'limits.maxWaitMs': 'Maximum wait, ms',
  hold: 'Hold',
  loop: 'Loop brake',
  'cache.enabled': 'Cache',
  'cache.ttlSeconds': 'Cached for, seconds',
  'cache.share': 'Cache shared with',
  allow: 'Unbounded features',
  role: 'Role',
  client: 'Client',
  status: 'Status',
  expiresAt: 'Expires',
  rotatedFrom: 'Replaces',
  'successor.id': 'New key',
  'successor.expiresAt': 'New key expires',
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/

/** @param {string} field @param {unknown} value @returns {string} */
function show(field, value) {
  if (value === undefined || value === null) return 'not set'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return field.startsWith('budget.') ? limitUsd(value) : count(value)
  if (Array.isArray(value)) return value.length > 0 ? value.join(', ') : 'none'
  if (typeof value === 'object') return showRate(value)
  const text = String(value)
  if (field === 'role') return roleLabel(text)
  return TIME.test(text) ? fullMoment(text) : text
}

/** A number of requests or tokens per duration. @param {object} rate */
function showRate(rate) {
  const { per, capacity, identical } = { capacity: undefined, identical: undefined, per: undefined, ...rate }
  const most = Number(capacity ?? identical)
  return per === undefined || Number.isNaN(most) ? JSON.stringify(rate) : `${count(most)} per ${per}`
}
