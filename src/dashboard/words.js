/** Explains the gateway's codes: what happened, and what to do. */

/** @typedef {{ title: string, meaning: string, toDo: string }} Reason */

/** @type {Record<string, Reason>} */
export const reasons = {
  rate_limited: {
    title: 'Too fast',
    meaning:
      'A limit on requests, tokens, calls at once or token counting (count_tokens) was reached. The response says when to try again.',
    toDo: 'If this traffic is meant, raise the limit of the scope named here; if not, look for a caller without a back-off.',
  },
  loop_detected: {
    title: 'Loop brake',
    meaning: 'The same request came many times within a short time, as from an agent in a loop.',
    toDo: 'Look at the service that sends it. If it is meant, raise or remove the loop brake of this client.',
  },
  budget_exceeded: {
    title: 'Budget spent',
    meaning:
      'A budget has no room for this call, or for the next seconds of a running one. It resets at the end of its UTC day or month.',
    toDo: 'Raise the budget of the scope named here, or wait for the reset.',
  },
  request_exceeds_budget: {
    title: 'Larger than its budget',
    meaning: 'This one call may cost more than the whole budget: it can never fit.',
    toDo: 'Let the caller ask for fewer tokens (max_tokens) or a cheaper model, or raise the budget.',
  },
  budget_in_flight: {
    title: 'Budget held by running calls',
    meaning: 'Running calls hold the rest of the budget. They return what they do not use.',
    toDo: 'Nothing, as a rule: callers try again after some seconds. If it is frequent, the budget is tight for this traffic.',
  },
  model_not_allowed: {
    title: 'Model not allowed',
    meaning: "The model is not on this client's list.",
    toDo: 'Add the model, or a pattern such as claude-haiku-*, to the client; or let the service use another model.',
  },
  model_not_found: {
    title: 'Unknown model',
    meaning: 'No upstream that is configured serves a model of this name.',
    toDo: 'Look for a misspelt name. GET /v1/models lists what this client may use.',
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
    title: 'Key not accepted',
    meaning: 'The key is unknown, revoked or expired, or its client is disabled.',
    toDo: 'Give the caller a new key. Many such calls of unknown callers are guesses of keys, which cannot succeed.',
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
    toDo: 'The message says what was found and what was expected.',
  },
  request_too_large: {
    title: 'Request too large',
    meaning: 'The body is larger than this gateway takes.',
    toDo: 'Send less, or raise BODY_LIMIT_BYTES.',
  },
  unsupported_media_type: {
    title: 'Wrong content type',
    meaning: 'The body is not plain JSON.',
    toDo: 'Send application/json, not compressed.',
  },
  request_timeout: {
    title: 'Request came too slowly',
    meaning: 'The caller did not send its whole request in time.',
    toDo: 'Look at the network between the caller and the gateway.',
  },
  headers_too_large: {
    title: 'Headers too large',
    meaning: 'The headers of the request are larger than this gateway takes.',
    toDo: 'Send fewer or shorter headers: look for large cookies, or for a proxy that adds headers.',
  },
  expectation_failed: {
    title: 'Expect header not supported',
    meaning: 'The request carried an Expect header other than 100-continue.',
    toDo: 'Remove the Expect header in the caller.',
  },
  unprocessable: {
    title: 'Not processable',
    meaning: 'The provider understood the request, and refused it.',
    toDo: 'The message says why.',
  },
  not_found: {
    title: 'No such route',
    meaning: 'The gateway has no such path.',
    toDo: 'Look at the base URL of the caller.',
  },
  method_not_allowed: {
    title: 'Wrong method',
    meaning: 'This path takes another method.',
    toDo: 'Look at the base URL of the caller.',
  },
  unavailable: {
    title: 'Gateway unavailable',
    meaning: 'Limits and budgets could not be checked, so the call was refused.',
    toDo: 'Redis or Postgres was away. See the alerts, and /readyz.',
  },
  overloaded: {
    title: 'Gateway overloaded',
    meaning:
      'This replica had too many calls or too many bytes of bodies at once, so it refused the call early.',
    toDo: 'Callers try again. If it is frequent, add replicas or CPU.',
  },
  interrupted: {
    title: 'Cut by a restart',
    meaning: 'The gateway ended while the call was running.',
    toDo: 'Callers may send it again. If it is frequent, raise DRAIN_SECONDS.',
  },
  internal: {
    title: 'Fault of the gateway',
    meaning: 'Something went wrong in the gateway itself.',
    toDo: 'Its log has the error under this request id.',
  },
  upstream_rate_limited: {
    title: 'Provider rate limit',
    meaning: "The provider's own rate limit for your account was reached.",
    toDo: 'Ask the provider for more, or lower the limits of the busiest clients.',
  },
  upstream_error: {
    title: 'Provider failed',
    meaning: 'The provider answered with an error, or its response ended early.',
    toDo: "Nothing was charged for an error. If it goes on, look at the provider's status page.",
  },
  upstream_unavailable: {
    title: 'Provider unavailable',
    meaning: 'The provider cannot serve calls now.',
    toDo: "Callers try again. If it goes on, look at the provider's status page.",
  },
  upstream_overloaded: {
    title: 'Provider overloaded',
    meaning: 'The provider has too many calls.',
    toDo: 'Callers try again later.',
  },
  upstream_refused_us: {
    title: 'Provider refuses our key',
    meaning: "The gateway's own key or account at the provider is not accepted.",
    toDo: "Look at the gateway's upstream key, and at the account's balance.",
  },
  upstream_forbidden: {
    title: 'Provider forbids it',
    meaning: "The gateway's account at the provider may not do this.",
    toDo: 'Look at what the account is allowed to use.',
  },
  upstream_timeout: {
    title: 'Provider silent',
    meaning: 'The provider did not answer in time.',
    toDo: 'Large answers take long: use streaming, or raise UPSTREAM_TIMEOUT_SECONDS.',
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

/** What a running call holds of a budget. @type {Record<import('./types.ts').Hold, { label: string, meaning: string }>} */
export const holds = {
  growing: {
    label: 'Growing',
    meaning: 'Holds the input and the next seconds of output; a call is cut when a budget has no room.',
  },
  ceiling: {
    label: 'Ceiling',
    meaning: 'Holds the input and the whole output limit; no budget cuts a running call.',
  },
}

/** A sentence about the state of a circuit. @param {{ state: string, retryAfterMs: number }} circuit */
export function circuitWords({ state, retryAfterMs }) {
  if (state === 'open') return `Calls fail fast; the next try is in ${Math.ceil(retryAfterMs / 1000)} s.`
  return retryAfterMs > 0 ? 'One call tries again now.' : 'The next call tries again.'
}

export const UNBOUNDED = 'The call used a feature without a bound, so it may cost more than it held.'

/**
 * Labels of alerts by kind, with advice if the title gives none. Other kinds are shown by their name.
 * @type {Record<string, { label: string, meaning?: string, toDo?: string }>}
 */
export const alertKinds = {
  budget_threshold: { label: 'Part of a budget spent' },
  budget_pace: { label: 'Budget spent too fast' },
  budget_refused: { label: 'Calls refused by a budget' },
  budget_overspent: { label: 'Budget overspent' },
  loop_detected: { label: 'Loop brake' },
  upstream_refused_us: { label: 'Provider refuses our key' },
  overspend: { label: 'Call above its hold' },
  unknown_model: { label: 'Model without a price' },
  usage_shortfall: { label: 'Usage too low' },
  test: { label: 'Test alert' },
  upstream_forbidden: {
    label: 'Call not permitted',
    meaning: 'The provider does not permit one call; other calls go on.',
    toDo: 'Ask the provider for this model, feature or file, or let the service do without it.',
  },
  output_rate_exceeded: {
    label: 'Output faster than known',
    meaning: 'An upstream generates faster than the price table says.',
    toDo: 'Raise maxOutputTokensPerSecond of the model in PRICES_FILE.',
  },
  ledger_behind: { label: 'Ledger behind' },
  prices_faulty: { label: 'Faulty price file' },
  secret_faulty: { label: 'Faulty secret file' },
}

/** Labels of an alert's details, by their names. @type {Record<string, string>} */
export const alertDetails = {
  percent: 'Percent reached',
  period: 'Budget of a',
  limitUsd: 'Budget',
  spentUsd: 'Spent',
  resetsAt: 'Resets',
  exhaustedAt: 'Spent at this pace',
  burnRateLong: 'Pace, long',
  burnRateShort: 'Pace, short',
  costUsd: 'Cost',
  heldUsd: 'Held',
  boundUsd: 'Most it could cost',
  reqId: 'Request id',
  maxPending: 'Most that may wait',
  pending: 'Waiting',
  tokensPerSecond: 'Tokens a second',
  maxOutputTokensPerSecond: 'Known tokens a second',
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
    label: 'Caller left',
    tone: 'warn',
    meaning: 'The caller closed the connection before the end.',
  },
  interrupted: {
    label: 'Interrupted',
    tone: 'warn',
    meaning: 'Cut by the gateway: it restarted, or a budget had no room for the next seconds.',
  },
  lost: { label: 'Lost', tone: 'bad', meaning: 'Its replica died; the whole hold was charged.' },
  gateway_error: { label: 'Gateway fault', tone: 'bad', meaning: 'A fault of the gateway itself.' },
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
  'client.create': 'Client made',
  'client.update': 'Client changed',
  'client.delete': 'Client deleted',
  'key.create': 'Key made',
  'key.rotate': 'Key rotated',
  'key.revoke': 'Key revoked',
  'team.put': 'Team changed',
  'gateway.put': 'Gateway changed',
  'token.create': 'Token made',
  'token.revoke': 'Token revoked',
  'alert.test': 'Test alert sent',
}
