/**
 * Reads a provider's error response. The status does not show the cause: an account without money is reported as 400, 402,
 * 403 or 429. Providers with several APIs use the error shapes of all of them on any route.
 */

import type { UpstreamVerdict } from '../dialect.ts'
import { errorIn } from './error-shapes.ts'
import { isObject, type JsonObject, listIn, objectIn, textIn } from './json.ts'
import { type Redaction, redacted, redactedValue } from './redact.ts'

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

/** Types and codes about the gateway's account, with any status. In lower case. */
const causes: ReadonlyMap<unknown, Cause> = new Map<unknown, Cause>([
  ['authentication_error', 'key'],
  ['invalid_api_key', 'key'],
  ['incorrect_api_key', 'key'],
  ['api_key_invalid', 'key'],
  ['api_key_expired', 'key'],
  ['missing_api_key', 'key'],
  ['expired_api_key', 'key'],
  ['invalid_authentication', 'key'],
  ['invalid_authentication_error', 'key'],
  ['unauthenticated', 'key'],
  ['unauthorized', 'key'],
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

/**
 * Types and codes of a 401 about one request; the provider may permit another request. In lower case.
 */
const permissions: ReadonlySet<unknown> = new Set([
  'permission_error',
  'permission_denied',
  'permissiondenied',
  'insufficient_permissions',
  'insufficient_scope',
  'missing_scope',
  'missing_scopes',
  'access_denied',
  'accessdenied',
  'accessdeniedexception',
  'forbidden',
  'not_found_error',
  'model_not_found',
  'model_not_allowed',
  'model_access_denied',
  'key_model_access_denied',
  'team_model_access_denied',
  'user_model_access_denied',
])
/** Fields of a request that `param` of a permission error may name. Some servers put "None" or the name of the key's header there. */
const ASKED_FOR =
  /^(model|messages|input|prompt|tools?|tool_resources|mcp_servers|files?|betas?|service_tier|store|response_format|reasoning)\b/i
/** The key of an MCP server is part of the request; it is not the gateway's key. */
const MCP_SERVER = /\bmcp (server|tool|connector)s?\b/i
const PERMISSION =
  /\b(insufficient permissions?|missing scopes?|lacks? (the )?(required |necessary )?(permissions?|scopes?)|(do|does)( not|n['’]t) have (the |sufficient |required |necessary )*permissions?|(do|does)( not|n['’]t) have access to (the |this |that )?(model|project|workspace|feature|beta|file|resource|endpoint|deployment)|not (authorized|permitted|allowed|entitled|enabled)\b[^.]*\b(model|project|workspace|feature|beta|file|resource|endpoint|deployment|operation)s?)\b/i

/**
 * Only the message separates these errors from a fault of the request. The start of the message must match, because the rest
 * may quote the request. Compatible servers refuse a key with 400.
 */
const sentences: readonly { cause: Cause; words: RegExp }[] = [
  {
    cause: 'money',
    words: /^(You have reached your specified API usage limits|Your credit balance is too low)/,
  },
  {
    cause: 'money',
    words:
      /^(insufficient (balance|credits?|funds|quota)|you exceeded your current quota|arrearage|(this|your) (account|organization) (is|has been) (not active|inactive|disabled|suspended|deactivated))\b/i,
  },
  {
    cause: 'key',
    words:
      /^(invalid token\.?$|access denied due to invalid subscription key|(invalid|missing) ['"]?authorization['"]? header|the security token included in the request|no (cookie )?auth credentials|unauthenticated\b)/i,
  },
  {
    cause: 'key',
    words:
      /^(the )?(incorrect|invalid|wrong|missing|no|bad|expired|unknown|revoked|malformed)( or (missing|expired|invalid|revoked))? (x-)?(api|access|auth|authentication|authorization|bearer)[ _-]?(secret )?(key|token|credentials?|header)\b/i,
  },
  {
    cause: 'key',
    words:
      /^(the |your |this )?(provided )?(api[ _-]?key|(access|auth|authentication|bearer) token)( (you )?provided)?( is| was| has( been)?)? ?(not valid|not found|not active|invalid|incorrect|wrong|missing|required|expired|revoked|disabled|unknown|inactive|deactivated|deleted|suspended|blocked|reported as leaked)\b/i,
  },
  { cause: 'key', words: /^you didn['’]t provide an api key\b/i },
  {
    cause: 'key',
    words: /^(incorrect|invalid|wrong|missing) (authentication|authorization|credentials?)\b/i,
  },
  { cause: 'key', words: /^(litellm\.)?authenticationerror\b/i },
  { cause: 'key', words: /^authentication (failed|fails|required|error)\b/i },
  { cause: 'key', words: /^unauthorized\b/i },
]

/** Returns true if the name of an error inside a 200 response is about the gateway's account. */
export function isAboutAccount(failed: string): boolean {
  return causes.has(failed.toLowerCase())
}

const fallback = 'The provider refused the request without saying why.'
/** Longest message for the client, in characters. */
export const LONGEST_MESSAGE = 4000
/** Largest details for the client, in characters of JSON. */
const LONGEST_DETAILS = 4000

export function upstreamError(status: number, body: Buffer, redaction: Redaction): UpstreamVerdict {
  const { code, details, message, param, type } = errorIn(body)
  const names = [code, type, textIn(objectIn(details).error_code)]
  const named = names.flatMap(name => causes.get(name?.toLowerCase()) ?? [])
  const permission = status === 401 && isPermission(names, message, param) ? 'permission' : undefined
  if (status === 429 && named.length === 0 && listIn(details).some(hasRetry)) return { kind: 'rate_limited' }
  const cause = named[0] ?? permission ?? causeIn(status, message, param, redaction)
  if (cause) return { kind: 'account', cause }
  if (!isCallers(status)) return byStatus[status] ?? { kind: 'error' }
  const clean = redactedDetails(details, redaction)
  return {
    kind: 'caller',
    status,
    message: shortened(redacted(message, redaction)) || fallback,
    ...(type && { type: redacted(type, redaction) }),
    ...(code && { code: redacted(code, redaction) }),
    ...(param && { param: redacted(param, redaction) }),
    ...(clean && { details: clean }),
  }
}

/** Google says when to try again. Its rate limit errors use the words of an account without credit. */
function hasRetry(detail: unknown): boolean {
  return textIn(objectIn(detail)['@type'])?.endsWith('google.rpc.RetryInfo') ?? false
}

/** Services whose keys a client sends inside the request. */
const CALLERS_KEY = /\b(mcp|tool|connector|webhook|image|file)s?\b/i

/** Returns true if a 401 is about this request and not about the gateway's key. The provider may permit another request. */
function isPermission(names: readonly (string | undefined)[], message: string, param = ''): boolean {
  return (
    names.some(name => permissions.has(name?.toLowerCase())) ||
    ASKED_FOR.test(param) ||
    PERMISSION.test(message) ||
    MCP_SERVER.test(message)
  )
}

/** A key that is a field of the request, or that the request contains, is the client's key. */
function causeIn(
  status: number,
  message: string,
  param: string | undefined,
  { isCallers }: Redaction,
): Cause | undefined {
  if (status >= 500) return undefined
  const found = sentences.find(({ words }) => words.test(message))
  if (!found || found.cause === 'money') return found?.cause
  const [start = ''] = found.words.exec(message) ?? []
  const [sentence = ''] = message.split(/[.!]\s/, 1)
  return param || isCallers(start) || CALLERS_KEY.test(sentence) ? undefined : found.cause
}

/** Redacts details. Of too large details only the code stays. */
function redactedDetails(details: unknown, redaction: Redaction): JsonObject | undefined {
  if (!isObject(details)) return undefined
  const clean = objectIn(redactedValue(details, redaction))
  const code = textIn(clean.error_code)
  if (JSON.stringify(clean).length <= LONGEST_DETAILS) return clean
  return code === undefined || code.length > LONGEST_DETAILS ? undefined : { error_code: code }
}

function isCallers(status: number): status is 400 | 404 | 409 | 413 | 422 {
  return [400, 404, 409, 413, 422].includes(status)
}

function shortened(message: string): string {
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message
}
