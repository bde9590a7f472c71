/**
 * Reads a provider's error answer. Statuses alone do not tell whose fault it is: that the money of our account is gone
 * comes as 400, 402, 403 or 429, and unified providers give either family's shape on any route.
 */

import type { UpstreamVerdict } from './dialect.ts'
import { isObject, type JsonObject, objectIn, parseObject, textIn } from './json.ts'
import { accountNames } from './veil.ts'

const byStatus: Readonly<Record<number, UpstreamVerdict>> = {
  401: { kind: 'account', cause: 'key' },
  402: { kind: 'account', cause: 'money' },
  403: { kind: 'account', cause: 'permission' },
  429: { kind: 'rate_limited' },
  503: { kind: 'unavailable' },
  504: { kind: 'unavailable' },
  529: { kind: 'overloaded' },
}

type Cause = Extract<UpstreamVerdict, { kind: 'account' }>['cause']

/** Types and codes that speak of our account, whatever the status. */
const causes: ReadonlyMap<unknown, Cause> = new Map<unknown, Cause>([
  ['authentication_error', 'key'],
  ['invalid_api_key', 'key'],
  ['account_deactivated', 'key'],
  ['organization_on_hold', 'key'],
  ['billing_error', 'money'],
  ['insufficient_quota', 'money'],
  ['insufficient_user_quota', 'money'],
  ['billing_hard_limit_reached', 'money'],
  ['billing_not_active', 'money'],
  ['enforced_spend_limit_reached', 'money'],
  ['contract_spend_limit_reached', 'money'],
  ['linked_organization_spend_limit_reached', 'money'],
  ['linked_organization_billing_unavailable', 'money'],
])
/** Limits that only a sentence tells from a caller's mistake. At its start: further on, the caller's own words may stand. */
const spendLimit = /^(You have reached your specified API usage limits|Your credit balance is too low)/

/** Does the name of an error inside a good answer speak of our account? */
export function isAboutAccount(failed: string): boolean {
  return causes.has(failed)
}

const fallback = 'The provider refused the request without saying why.'
/** Characters of a message that is passed on. */
export const LONGEST_MESSAGE = 4000
/** Characters (as JSON) and depth of details that are passed on. */
const LONGEST_DETAILS = 4000
const DEEPEST_DETAILS = 8

export function upstreamError(status: number, body: Buffer): UpstreamVerdict {
  const error = errorIn(body)
  const code = textIn(error.code)
  const type = textIn(error.type)
  const message = textIn(error.message) ?? ''
  const named = [code, type, objectIn(error.details).error_code].flatMap(name => causes.get(name) ?? [])
  const cause = named[0] ?? (spendLimit.test(message) ? 'money' : undefined)
  if (cause) return { kind: 'account', cause }
  if (!isCallers(status)) return byStatus[status] ?? { kind: 'error' }
  const param = textIn(error.param)
  const details = shownDetails(error.details)
  return {
    kind: 'caller',
    status,
    message: scrubbed(message) || fallback,
    ...(type && { type }),
    ...(code && { code }),
    ...(param && { param }),
    ...(details && { details }),
  }
}

/** Redacts details. Details that are too large are reduced to their code. */
function shownDetails(details: unknown): JsonObject | undefined {
  if (!isObject(details)) return undefined
  const shown = objectIn(redactedValue(details))
  const code = textIn(shown.error_code)
  if (JSON.stringify(shown).length <= LONGEST_DETAILS) return shown
  return code === undefined || code.length > LONGEST_DETAILS ? undefined : { error_code: code }
}

function redactedValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redacted(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= DEEPEST_DETAILS) return null
  if (Array.isArray(value)) return value.map(one => redactedValue(one, depth + 1))
  const members = Object.entries(value).map(([name, one]) => [redacted(name), redactedValue(one, depth + 1)])
  return Object.fromEntries(members)
}

/** `{ error: {…} }`, `{ error: "…" }`, or the error itself. */
function errorIn(body: Buffer): JsonObject {
  const parsed = parseObject(body.toString('utf8')) ?? {}
  const { error = parsed } = parsed
  return typeof error === 'string' ? { message: error } : objectIn(error)
}

function isCallers(status: number): status is 400 | 404 | 409 | 413 | 422 {
  return [400, 404, 409, 413, 422].includes(status)
}

/** Whose key it is, which call it was there: none of the caller's business. */
const telling = [/\(?\brequest[ _-]?id:? *(?=[\w-]*\d)[\w-]{6,}\)?/gi, /\breq_\w{6,}/g, ...accountNames]

function scrubbed(message: string): string {
  const clean = redacted(message)
  return clean.length > LONGEST_MESSAGE ? `${clean.slice(0, LONGEST_MESSAGE)}…` : clean
}

function redacted(text: string): string {
  return telling.reduce((rest, pattern) => rest.replace(pattern, '[…]'), text)
}
