/** The gateway's own metrics of calls. Clients and keys are not labels, because their number has no limit. */

import type { FastifyRequest } from 'fastify'
import type { Registry } from 'prom-client'
import { isBound } from '../../clients/limits.ts'
import type { Refusal } from '../../errors.ts'
import type { Entry } from '../../ledger/call-record.ts'
import { nanosToUsd } from '../../pricing/money.ts'
import { attemptResults, isUpstreamError } from '../attempts.ts'
import { callCounter } from './call-counter.ts'
import { callHistogram, type Exemplar } from './call-histogram.ts'
import { remembered } from './remembered.ts'

/** Upper bounds in seconds. The gateway itself takes milliseconds. */
const OWN_TIME = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Labels that many metrics have. */
const PLACE = ['route', 'upstream', 'model'] as const

/** The label `status`, by the first digit. */
const STATUS = Array.from({ length: 10 }, (_, digit) => `${digit}xx`)

/** Reasons that say more about a failure of the upstream than the error code. */
const FAILURES = new Set(['unreachable', 'timeout', 'cut'])

/**
 * `modelOf` returns the id of a model in the price table; a model that is not there gets the label `other`.
 * `exemplar` has the trace id of a sampled call.
 */
export function createCallMetrics(registry: Registry, modelOf: (asked: string) => string | undefined) {
  const counter = (name: string, help: string, labelNames?: readonly string[]) =>
    callCounter(registry, name, help, labelNames)
  /** Adds whole nano-dollars, so that sums are exact, and shows dollars. */
  const dollars = (name: string, help: string, labelNames?: readonly string[]) =>
    callCounter(registry, name, help, labelNames, nanosToUsd)
  const time = (name: string, help: string, labels?: string[]) =>
    callHistogram(registry, name, help, OWN_TIME, labels)

  const calls = counter('tollgate_calls_total', 'Calls that have ended.', [...PLACE, 'outcome', 'status'])
  const tokens = counter('tollgate_tokens_total', 'Tokens that upstreams reported.', [...PLACE, 'kind'])
  const costs = dollars('tollgate_cost_usd_total', 'Cost of calls.', [...PLACE, 'estimated'])
  const refusals = counter(
    'tollgate_refusals_total',
    'Calls that the gateway refused, by the limit that refused them.',
    ['reason', 'scope', 'limit'],
  )
  const attemptsMade = counter(
    'tollgate_upstream_attempts_total',
    'Requests to upstreams, by their result: ok or the error code.',
    ['upstream', 'model', 'result'],
  )
  const upstreamErrors = counter(
    'tollgate_upstream_errors_total',
    'Attempts that failed at the upstream, and calls that an open circuit refused.',
    ['upstream', 'kind'],
  )
  const cacheResults = counter('tollgate_cache_results_total', 'Calls by the result of the cache.', [
    'result',
  ])
  const saved = dollars('tollgate_cache_saved_usd_total', 'Cost that cached responses saved.')()
  const overspend = dollars(
    'tollgate_overspend_usd_total',
    'Cost of calls under a budget above their reservations; expected to be 0.',
  )()
  // Counters without labels start at 0. Prometheus sees no increase in a series that starts at 1.
  const faults = counter('tollgate_faults_total', 'Calls that failed by a fault of the gateway.')()
  const unpriced = counter(
    'tollgate_unpriced_answers_total',
    'Responses that name a model, tier or tool without a price; they cost the price of the requested model, or the reservation.',
  )()
  const shortfall = dollars(
    'tollgate_usage_shortfall_usd_total',
    'Cost that upstreams state above the price of the usage that they report; it is charged.',
  )()
  const unnamed = counter(
    'tollgate_usage_shortfall_tokens_total',
    'Output tokens that only the total of a usage contains; they are charged.',
  )()
  const overhead = time(
    'tollgate_overhead_seconds',
    'Time from the arrival of a call to the request to the upstream, or to the response if there is no such request.',
    ['result'],
  )
  const admission = time(
    'tollgate_admission_seconds',
    'Time of the Redis call that makes all reservations of a call.',
  )()

  const countsOf = remembered((...place) => ({
    calls: remembered((...end) => calls(...place, ...end)),
    costs: remembered(estimated => costs(...place, estimated)),
    tokens: remembered(kind => tokens(...place, kind)),
  }))
  const resultsOf = remembered(cache => cacheResults(cache.toLowerCase()))

  return function countCall(request: FastifyRequest, entry: Entry, exemplar: Exemplar) {
    const { admissionMs, hold, client, cost, error, attempt, measured } = request
    const counts = countsOf(entry.route, entry.upstream ?? 'none', modelLabel(request))
    counts.calls(entry.outcome, STATUS[Math.floor(entry.status / 100)] ?? 'none').add()
    if (cost) counts.costs(String(cost.estimated)).add(cost.nanos)
    if (measured?.usage) {
      counts.tokens('input').add(entry.inputTokens)
      counts.tokens('cache_read').add(entry.cacheReadTokens)
      counts.tokens('cache_write').add(entry.cacheWriteTokens)
      counts.tokens('output').add(entry.outputTokens)
    }
    if (entry.cache) resultsOf(entry.cache).add()
    if (entry.savedNanos) saved.add(entry.savedNanos)
    if (admissionMs !== undefined) admission.observe(admissionMs / 1000, exemplar)
    const ownMs = attempt ? beforeFirst(request, attempt.startedAt) : entry.latencyMs
    overhead(attempt ? 'forwarded' : entry.outcome).observe(ownMs / 1000, exemplar)
    if (error && entry.outcome === 'refused') {
      const { limit, window } = error.details
      refusals(error.code, kindOf(entry.scope), String(limit ?? window ?? 'none')).add()
    }
    for (const { upstream, model, result, error: failure } of attemptResults(request)) {
      attemptsMade(upstream, model, result).add()
      if (failure) countError(upstream, failure)
    }
    // An open circuit, or an upstream at its limit, has refused the call.
    if (error && request.attempts === 0) countError(entry.upstream ?? 'none', error)
    if (entry.outcome === 'gateway_error') faults.add()
    if (cost?.unpriced !== undefined) unpriced.add()
    if (cost?.shortfallNanos) shortfall.add(cost.shortfallNanos)
    if (measured?.unnamedTokens) unnamed.add(measured.unnamedTokens)
    if (cost && hold && !entry.unbounded && cost.nanos > hold.reservation.nanos && isBound(client))
      overspend.add(cost.nanos - hold.reservation.nanos)
  }

  function countError(upstream: string, error: Refusal) {
    if (!isUpstreamError(error)) return
    const kind = FAILURES.has(error.reason ?? '') ? error.reason : error.code
    upstreamErrors(upstream, kind ?? error.code).add()
  }

  function modelLabel({ call, route }: FastifyRequest): string {
    return route?.price.model ?? (call && modelOf(call.parsed.model)) ?? 'other'
  }
}

/** Milliseconds from the arrival to the first attempt, without waits. Later attempts count as time of the upstream. */
function beforeFirst({ arrivedAt, failedAttempts, waitedMs }: FastifyRequest, startedAt: number): number {
  const first = failedAttempts?.[0] ?? { startedAt, waitedMs }
  return first.startedAt - arrivedAt - first.waitedMs
}

/** `client:frontend` is of the kind `client`. */
function kindOf(scope: string | undefined): string {
  return scope?.split(':', 1)[0] ?? 'none'
}
