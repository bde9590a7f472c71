/**
 * Reads a provider's error answer. Statuses alone do not tell whose fault it is: that the money of our account is gone
 * comes as 400, 402, 403 or 429, and unified providers give either family's shape on any route.
 */

import type { UpstreamVerdict } from './dialect.ts'
import { type JsonObject, objectIn, parseObject, textIn } from './json.ts'

const byStatus: Readonly<Record<number, UpstreamVerdict>> = {
  401: { kind: 'account' },
  402: { kind: 'account' },
  403: { kind: 'account' },
  429: { kind: 'rate_limited' },
  503: { kind: 'unavailable' },
  504: { kind: 'unavailable' },
  529: { kind: 'overloaded' },
}

/** Types and codes that speak of our account, whatever the status. */
const account = new Set([
  'authentication_error',
  'permission_error',
  'billing_error',
  'invalid_api_key',
  'insufficient_quota',
  'insufficient_user_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'account_deactivated',
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'linked_organization_spend_limit_reached',
  'linked_organization_billing_unavailable',
  'organization_on_hold',
])
/** The one spend limit that only its sentence tells from a caller's mistake, and what stands for it elsewhere. */
const spendLimit = /specified API usage limits|credit balance is too low/i

const fallback = 'The provider refused the request without saying why.'
const LONGEST = 2000

export function upstreamError(status: number, body: Buffer): UpstreamVerdict {
  const error = errorIn(body)
  const code = textIn(error.code)
  const type = textIn(error.type)
  const message = textIn(error.message) ?? ''
  const named = [code, type, textIn(objectIn(error.details).error_code)]
  if (named.some(name => name && account.has(name)) || spendLimit.test(message)) return { kind: 'account' }
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
const ours = [
  /\(?\brequest[ _-]?id:? *(?=[\w-]*\d)[\w-]{6,}\)?/gi,
  /\breq_\w{6,}/g,
  /\b(?:sk|rk|pk|tg)[-_][\w*.-]{4,}/g,
  /\b(?:org|proj|user|wrkspc)[-_][\w-]{8,}/g,
  /\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi,
]

function scrubbed(message: string): string {
  const clean = ours.reduce((text, pattern) => text.replace(pattern, '[…]'), message)
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean
}
