/** Labels, meanings and advice for the gateway's codes. */

/** @typedef {{ title: string, meaning: string, toDo: string }} Reason */

/** @type {Record<string, Reason>} */
export const reasons = {
  rate_limited: {
    title: 'Rate limit reached',
    meaning:
      'A limit on requests, tokens, calls at once or token counting (count_tokens) was reached. The response says when to try again.',
    toDo: 'If the traffic is intended, raise the limit of this scope. Otherwise look for a caller that retries without a back-off.',
  },
  loop_detected: {
    title: 'Loop brake',
    meaning: 'The same request came many times within a short time, as from an agent in a loop.',
    toDo: 'Check the service that sends it. If the repetition is intended, raise or remove the loop brake of this client.',
  },
  budget_exceeded: {
    title: 'Budget spent',
    meaning:
      'A budget has no room for this call, or for the next seconds of a running one. It resets at the end of its UTC day or month.',
    toDo: 'Raise the budget of this scope, or wait for the reset.',
  },
  request_exceeds_budget: {
    title: 'Request exceeds budget',
    meaning: 'This one call may cost more than the whole budget.',
    toDo: 'Let the caller ask for fewer tokens (max_tokens) or a cheaper model, or raise the budget.',
  },
  budget_in_flight: {
    title: 'Budget held by running calls',
    meaning: 'Running calls hold the rest of the budget. Their unused part is released when they end.',
    toDo: 'Callers retry after some seconds. If this is frequent, raise the budget.',
  },
  model_not_allowed: {
    title: 'Model not allowed',
    meaning: "The model is not on this client's list.",
    toDo: 'Add the model, or a pattern such as claude-haiku-*, to the client; or let the service use another model.',
  },
  model_not_found: {
    title: 'Unknown model',
    meaning: 'No configured upstream serves a model of this name.',
    toDo: 'Check the spelling. GET /v1/models lists the models of this client.',
  },
  model_not_priced: {
    title: 'Model without a price',
    meaning: 'A model without a price has no cost bound, so its calls are not forwarded.',
    toDo: 'Add the model to PRICES_FILE.',
  },
  unbounded_feature: {
    title: 'Unbounded feature',
    meaning: 'The request uses a feature whose cost has no bound, and a budget binds this client.',
    toDo: 'Allow the feature in the settings of the client, if its cost is acceptable.',
  },
  feature_not_allowed: {
    title: 'Feature not allowed',
    meaning:
      'The request names an earlier response, and the settings of this client keep responses from being stored.',
    toDo: 'Allow stored and store in the settings of the client, or let the service send the whole conversation.',
  },
  conflict: {
    title: 'Conflict at the upstream',
    meaning: 'The upstream answered 409: the request contradicts something that it stores.',
    toDo: 'The response has its message. The caller decides what to do.',
  },
  upgrade_required: {
    title: 'WebSocket not offered',
    meaning: 'A caller such as Codex tried a WebSocket first, and continues over HTTP.',
    toDo: 'Nothing.',
  },
  invalid_key: {
    title: 'Invalid key',
    meaning: 'The key is unknown, revoked or expired, or its client is disabled.',
    toDo: 'Give the caller a new key. Many such calls from unknown addresses are attempts to guess a key.',
  },
  missing_key: {
    title: 'No key',
    meaning: 'The request carried no key.',
    toDo: 'Set the key as x-api-key, x-gateway-key or Authorization: Bearer in the caller.',
  },
  conflicting_keys: {
    title: 'Two different keys',
    meaning: 'The request carried two different keys in two headers.',
    toDo: 'Send the key in one header only; SDKs may add a second one from the environment.',
  },
  invalid_request: {
    title: 'Invalid request',
    meaning: 'The gateway or the provider could not read the request.',
    toDo: 'The message names the fault and the expected value.',
  },
  request_too_large: {
    title: 'Request too large',
    meaning: 'The body is larger than BODY_LIMIT_BYTES.',
    toDo: 'Send less, or raise BODY_LIMIT_BYTES.',
  },
  unsupported_media_type: {
    title: 'Wrong content type',
    meaning: 'The body is not plain JSON.',
    toDo: 'Send application/json, not compressed.',
  },
  request_timeout: {
    title: 'Request timed out',
    meaning: 'The caller did not send its whole request in time.',
    toDo: 'Check the network between the caller and the gateway.',
  },
  headers_too_large: {
    title: 'Headers too large',
    meaning: 'The headers of the request are larger than the limit of the gateway.',
    toDo: 'Send fewer or shorter headers: look for large cookies, or for a proxy that adds headers.',
  },
  expectation_failed: {
    title: 'Expect header not supported',
    meaning: 'The request carried an Expect header other than 100-continue.',
    toDo: 'Remove the Expect header in the caller.',
  },
  unprocessable: {
    title: 'Unprocessable request',
    meaning: 'The provider understood the request, and refused it.',
    toDo: 'The message gives the reason.',
  },
  not_found: {
    title: 'No such route',
    meaning: 'The gateway has no such path.',
    toDo: 'Check the base URL of the caller.',
  },
  method_not_allowed: {
    title: 'Wrong method',
    meaning: 'This path takes another method.',
    toDo: 'Check the base URL of the caller.',
  },
  unavailable: {
    title: 'Gateway unavailable',
    meaning: 'Limits and budgets could not be checked, so the call was refused.',
    toDo: 'Redis or Postgres did not respond. See the alerts and /readyz.',
  },
  overloaded: {
    title: 'Gateway overloaded',
    meaning: 'This replica had too many calls or too many body bytes in memory, so it refused the call.',
    toDo: 'Callers retry. If this is frequent, add replicas or CPU.',
  },
  interrupted: {
    title: 'Interrupted by a restart',
    meaning: 'The gateway ended while the call was running.',
    toDo: 'Callers may retry. If this is frequent, raise DRAIN_SECONDS.',
  },
  internal: {
    title: 'Internal error',
    meaning: 'The gateway has a fault.',
    toDo: 'The log of the gateway has the error under this request id.',
  },
  upstream_rate_limited: {
    title: 'Provider rate limit',
    meaning: "The provider's own rate limit for your account was reached.",
    toDo: 'Ask the provider for a higher limit, or lower the limits of the busiest clients.',
  },
  upstream_error: {
    title: 'Provider failed',
    meaning: 'The provider answered with an error, or its response ended early.',
    toDo: "Errors are not charged. If this continues, check the provider's status page.",
  },
  upstream_unavailable: {
    title: 'Provider unavailable',
    meaning: 'The provider cannot serve calls now.',
    toDo: "Callers retry. If this continues, check the provider's status page.",
  },
  upstream_overloaded: {
    title: 'Provider overloaded',
    meaning: 'The provider has too many calls.',
    toDo: 'Callers retry later.',
  },
  upstream_refused_us: {
    title: 'Provider refuses the gateway key',
    meaning: "The gateway's own key or account at the provider is not accepted.",
    toDo: 'Check the upstream key of the gateway and the balance of the account.',
  },
  upstream_forbidden: {
    title: 'Forbidden by the provider',
    meaning: "The gateway's account at the provider may not do this.",
    toDo: 'Check the permissions of the account.',
  },
  upstream_timeout: {
    title: 'Provider timed out',
    meaning: 'The provider did not answer in time.',
    toDo: 'Use streaming for long responses, or raise UPSTREAM_TIMEOUT_SECONDS.',
  },
  not_cached: {
    title: 'Not in the cache',
    meaning: 'The request sent cache-control: only-if-cached, and no response to it is cached.',
    toDo: 'Send the request without only-if-cached.',
  },
}

/** @param {string} code @returns {Reason} */
export function reasonOf(code) {
  return reasons[code] ?? { title: code.replaceAll('_', ' '), meaning: '', toDo: '' }
}

/** The part of a budget that a running call holds. @type {Record<import('./types.ts').Hold, { label: string, meaning: string }>} */
export const holds = {
  growing: {
    label: 'Growing',
    meaning:
      'Holds the input and the next seconds of output; the gateway ends a call when a budget has no room.',
  },
  ceiling: {
    label: 'Ceiling',
    meaning: 'Holds the input and the whole output limit; no budget ends a running call.',
  },
}

/** A sentence about the state of a circuit. @param {{ state: string, retryAfterMs: number }} circuit */
export function circuitWords({ state, retryAfterMs }) {
  if (state === 'open') return `Calls fail fast; the next attempt is in ${Math.ceil(retryAfterMs / 1000)} s.`
  return retryAfterMs > 0 ? 'One call tests the upstream now.' : 'The next call tests the upstream.'
}

/**
 * The health of an upstream, as the replica that answered has seen it.
 * @type {Record<import('./types.ts').Upstream['health'], { label: string, tone: Tone, meaning: string }>}
 */
export const healths = {
  ok: { label: 'OK', tone: 'good', meaning: 'All its circuits are closed.' },
  degraded: {
    label: 'Degraded',
    tone: 'warn',
    meaning: 'A model or a key is set aside; others are served.',
  },
  down: {
    label: 'Down',
    tone: 'bad',
    meaning: 'It fails or refuses all keys, and has accepted no call since.',
  },
}

export const UNBOUNDED = 'The call used a feature without a bound, so it may cost more than its hold.'

/**
 * Labels of alerts by kind, with advice if the title gives none. Other kinds are labelled with their name.
 * @type {Record<string, { label: string, meaning?: string, toDo?: string }>}
 */
export const alertKinds = {
  budget_threshold: { label: 'Part of a budget spent' },
  budget_pace: { label: 'Budget spent too fast' },
  budget_refused: { label: 'Calls refused by a budget' },
  budget_overspent: { label: 'Budget overspent' },
  loop_detected: { label: 'Loop brake' },
  upstream_refused_us: { label: 'Provider refuses the gateway key' },
  overspend: { label: 'Call above its hold' },
  unknown_model: { label: 'Model without a price' },
  usage_shortfall: { label: 'Usage too low' },
  test: { label: 'Test alert' },
  upstream_forbidden: {
    label: 'Call not permitted',
    meaning: 'The provider does not permit one call; other calls go on.',
    toDo: 'Ask the provider for this model, feature or file, or let the service stop using it.',
  },
  output_rate_exceeded: {
    label: 'Output rate above the price table',
    meaning: 'An upstream generates faster than the price table states.',
    toDo: 'Raise maxOutputTokensPerSecond of the model in PRICES_FILE.',
  },
  ledger_behind: { label: 'Ledger behind' },
  prices_faulty: { label: 'Faulty price file' },
  upstreams_faulty: { label: 'Faulty upstreams file' },
  secret_faulty: { label: 'Faulty secret file' },
}

/** Labels of an alert's details, by their names. @type {Record<string, string>} */
export const alertDetails = {
  percent: 'Percent reached',
  period: 'Period',
  limitUsd: 'Budget',
  spentUsd: 'Spent',
  resetsAt: 'Resets',
  exhaustedAt: 'Exhausted at',
  burnRateLong: 'Burn rate, long window',
  burnRateShort: 'Burn rate, short window',
  costUsd: 'Cost',
  heldUsd: 'Held',
  boundUsd: 'Cost bound',
  reqId: 'Request id',
  maxPending: 'Pending entries, limit',
  pending: 'Pending entries',
  tokensPerSecond: 'Tokens a second, measured',
  maxOutputTokensPerSecond: 'Tokens a second, price table',
}

/** @typedef {'good' | 'calm' | 'warn' | 'bad'} Tone */

/** @type {Record<string, { label: string, tone: Tone, meaning: string }>} */
export const outcomes = {
  ok: { label: 'OK', tone: 'good', meaning: 'Answered, and charged as reported.' },
  cached: { label: 'Cached', tone: 'calm', meaning: 'Answered from the cache: no tokens, no money.' },
  coalesced: { label: 'Joined', tone: 'calm', meaning: 'Answered by an identical call that was running.' },
  refused: { label: 'Refused', tone: 'warn', meaning: 'Refused by the gateway; nothing was charged.' },
  upstream_error: { label: 'Provider error', tone: 'bad', meaning: 'The provider failed.' },
  client_gone: {
    label: 'Caller disconnected',
    tone: 'warn',
    meaning: 'The caller closed the connection before the end.',
  },
  interrupted: {
    label: 'Interrupted',
    tone: 'warn',
    meaning: 'The gateway ended the call: it restarted, or a budget had no room for the next seconds.',
  },
  lost: { label: 'Lost', tone: 'bad', meaning: 'Its replica died; the whole hold was charged.' },
  gateway_error: { label: 'Gateway fault', tone: 'bad', meaning: 'The gateway has a fault.' },
}

/** @param {string} outcome */
export function outcomeOf(outcome) {
  return outcomes[outcome] ?? { label: outcome, tone: /** @type {Tone} */ ('calm'), meaning: '' }
}

/** The text of a scope such as `client:frontend`. @param {string | null | undefined} scope */
export function scopeWords(scope) {
  if (!scope) return ''
  if (scope === 'gateway') return 'Whole gateway'
  const [kind = '', ...name] = scope.split(':')
  return `${kind[0]?.toUpperCase()}${kind.slice(1)} ${name.join(':')}`
}

/** @type {Record<string, { label: string, may: string }>} */
export const roles = {
  viewer: { label: 'Viewer', may: 'sees everything, changes nothing' },
  admin: { label: 'Administrator', may: 'sees and changes everything' },
}

/** @param {string | undefined} role */
export function roleLabel(role = '') {
  return roles[role]?.label ?? role
}

/** Labels of changes, by their action in the audit. @type {Record<string, string>} */
export const auditEvents = {
  'client.create': 'Client created',
  'client.update': 'Client changed',
  'client.delete': 'Client deleted',
  'key.create': 'Key created',
  'key.rotate': 'Key rotated',
  'key.revoke': 'Key revoked',
  'team.put': 'Team changed',
  'gateway.put': 'Gateway changed',
  'token.create': 'Token created',
  'token.revoke': 'Token revoked',
  'alert.test': 'Test alert sent',
  'upstreams.check': 'Upstreams checked',
}
