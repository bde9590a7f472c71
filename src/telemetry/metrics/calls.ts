/** What a call adds to the gateway's own metrics. No client and no key is a label: their number has no bound. */

import type { FastifyRequest } from 'fastify'
import { isBound } from '../../clients/limits.ts'
import type { Entry } from '../../ledger/call-record.ts'
import { nanosToUsd } from '../../pricing/money.ts'
import { type Registry, remembered } from './registry.ts'

/** Seconds; what the gateway itself takes is milliseconds. */
const OWN_TIME = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** How a call failed at the provider, where its refusal's code alone does not tell. */
const FAILURES = new Set(['unreachable', 'timeout', 'cut'])

/** `modelOf` names a model of the price table by its own id; what is none there is `other`. */
export function createCallMetrics(registry: Registry, modelOf: (asked: string) => string | undefined) {
  const place = ['route', 'upstream', 'model']
  const counter = (name: string, help: string, labels?: string[]) => registry.counter(name, help, labels)
  const dollars = (name: string, help: string, labels?: string[]) =>
    registry.counter(name, help, labels, nanosToUsd)
  const calls = counter('tollgate_calls_total', 'Calls that are over.', [...place, 'outcome', 'status'])
  const tokens = counter('tollgate_tokens_total', 'Tokens that providers reported.', [...place, 'kind'])
  const cost = dollars('tollgate_cost_usd_total', 'What calls cost.', [...place, 'estimated'])
  const refusals = counter('tollgate_refusals_total', 'Calls that were refused, and by which limit.', [
    'reason',
    'scope',
    'limit',
  ])
  const upstreamErrors = counter('tollgate_upstream_errors_total', 'Calls that failed at the provider.', [
    'upstream',
    'kind',
  ])
  const cacheResults = counter('tollgate_cache_results_total', 'Calls by what the cache said.', ['result'])
  const saved = dollars('tollgate_cache_saved_usd_total', 'What kept answers saved.').series()
  const overspend = dollars(
    'tollgate_overspend_usd_total',
    'What calls under a budget cost above their holds; expected to be 0.',
  ).series()
  // Without labels, so that it stands at 0 from the start: of a series that begins with 1, Prometheus sees no increase.
  const faults = counter('tollgate_faults_total', 'Calls that failed by a fault of the gateway.').series()
  const unpriced = counter(
    'tollgate_unpriced_answers_total',
    "Responses that name a model, tier or tool without a price; they were charged at the requested model's price, or their hold.",
  ).series()
  const shortfall = dollars(
    'tollgate_usage_shortfall_usd_total',
    'What upstreams state as their cost above the price of the usage they report; it is charged.',
  ).series()
  const unnamed = counter(
    'tollgate_usage_shortfall_tokens_total',
    'Output tokens that only the total of a usage contains; they are charged.',
  ).series()
  const overhead = registry.histogram(
    'tollgate_overhead_seconds',
    'From the arrival of a call until the provider is asked, or until it is answered without one.',
    OWN_TIME,
    ['result'],
  )
  const admission = registry
    .histogram(
      'tollgate_admission_seconds',
      'From asking Redis for all that a call wants to its answer.',
      OWN_TIME,
    )
    .series()

  const lineOf = remembered((...where) => ({
    calls: remembered((outcome, status) => calls.series(...where, outcome, status)),
    cost: remembered(estimated => cost.series(...where, estimated)),
    tokens: remembered(kind => tokens.series(...where, kind)),
  }))

  return function countCall(request: FastifyRequest, entry: Entry) {
    const { admissionMs, hold, client, cost, error, attempt, measured } = request
    const line = lineOf(entry.route, entry.upstream ?? 'none', modelLabel(request))
    line.calls(entry.outcome, `${Math.floor(entry.status / 100)}xx`).add(1)
    if (cost) line.cost(String(cost.estimated)).add(cost.nanos)
    if (measured?.usage) {
      line.tokens('input').add(entry.inputTokens)
      line.tokens('cache_read').add(entry.cacheReadTokens)
      line.tokens('cache_write').add(entry.cacheWriteTokens)
      line.tokens('output').add(entry.outputTokens)
    }
    if (entry.cache) cacheResults.series(entry.cache.toLowerCase()).add(1)
    saved.add(entry.savedNanos)
    if (admissionMs !== undefined) admission.observe(admissionMs / 1000)
    const ownMs = attempt ? attempt.startedAt - request.arrivedAt - request.waitedMs : entry.latencyMs
    overhead.series(attempt ? 'forwarded' : entry.outcome).observe(ownMs / 1000)
    if (error && entry.outcome === 'refused') {
      const { limit, window } = error.details
      refusals.series(error.code, kindOf(entry.scope), String(limit ?? window ?? 'none')).add(1)
    }
    if (error && entry.outcome === 'upstream_error') {
      const kind = FAILURES.has(error.reason ?? '') ? error.reason : error.code
      upstreamErrors.series(entry.upstream ?? 'none', kind ?? error.code).add(1)
    }
    if (entry.outcome === 'gateway_error') faults.add(1)
    if (cost?.unpriced !== undefined) unpriced.add(1)
    if (cost?.shortfallNanos) shortfall.add(cost.shortfallNanos)
    if (measured?.unnamedTokens) unnamed.add(measured.unnamedTokens)
    if (cost && hold && !entry.unbounded && cost.nanos > hold.reservation.nanos && isBound(client))
      overspend.add(cost.nanos - hold.reservation.nanos)
  }

  function modelLabel({ call, route }: FastifyRequest): string {
    return route?.price.model ?? (call && modelOf(call.parsed.model)) ?? 'other'
  }
}

/** `client:frontend` is of the kind `client`. */
function kindOf(scope: string | undefined): string {
  return scope?.split(':', 1)[0] ?? 'none'
}
