/**
 * Reads a provider's error answer. Statuses alone do not tell whose fault it is: that the money of our account is gone
 * comes as 400, 402, 403 or 429, and unified providers give either family's shape on any route.
 */

import type { UpstreamVerdict } from './dialect.ts'
import { type JsonObject, objectIn, parseObject, textIn } from './json.ts'
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
const LONGEST = 2000

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
  return {
    kind: 'caller',
    status,
    message: scrubbed(message) || fallback,
    ...(type && { type }),
    ...(code && { code }),
    ...(param && { param }),
  }
}

/** `{ error: {…} }`, `{ error: "…" }`, or the error itself. */
function errorIn(body: Buffer): JsonObject {
  const parsed = parseObject(body.toString('utf8')) ?? {}
  const { error = parsed } = parsed
  return typeof error === 'string' ? { message: error } : objectIn(error)
}

function isCallers(status: number): status is 400 | 404 | 413 | 422 {
  return status === 400 || status === 404 || status === 413 || status === 422
}

/** Whose key it is, which call it was there: none of the caller's business. */
const telling = [/\(?\brequest[ _-]?id:? *(?=[\w-]*\d)[\w-]{6,}\)?/gi, /\breq_\w{6,}/g, ...accountNames]

function scrubbed(message: string): string {
  const clean = telling.reduce((text, pattern) => text.replace(pattern, '[…]'), message)
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean
}
