/** The alerts about single calls and about the gateway itself. Pure functions of facts and the time. */

import { utcDay } from '../lua/calendar.ts'
import { type Outage, outages } from '../outages.ts'
import { nanosToUsd, writeUsd } from '../pricing/money.ts'
import { type Alert, hourOf, monthOf } from './alert.ts'

export function loopAlert(client: { id: string; name: string }, model: string, now: number): Alert {
  const scope = `client:${client.name}`
  return {
    kind: 'loop_detected',
    dedupe: `loop:${client.id}:${hourOf(now)}`,
    severity: 'warning',
    scope,
    title: `${scope} sends the same request over and over; the loop brake refuses it.`,
    details: { model },
  }
}

export function refusedUsAlert(upstream: string, model: string, reason: string, now: number): Alert {
  return {
    kind: 'upstream_refused_us',
    dedupe: `upstream:${upstream}:${hourOf(now)}`,
    severity: 'critical',
    scope: `upstream:${upstream}`,
    title: `Upstream ${upstream} does not accept the gateway's key or account: ${reason}.`,
    details: { upstream, model },
    urgent: true,
  }
}

/** A warning: one caller can cause it, and other calls are not affected. */
export function forbiddenAlert(upstream: string, model: string, reason: string, now: number): Alert {
  return {
    kind: 'upstream_forbidden',
    dedupe: `upstream-forbidden:${upstream}:${model}:${hourOf(now)}`,
    severity: 'warning',
    scope: `upstream:${upstream}`,
    title: `Upstream ${upstream} does not permit the gateway's account to call ${model}: ${reason}.`,
    details: { upstream, model },
  }
}

export interface Overspend {
  reqId: string
  client: { id: string; name: string }
  model: string
  heldNanos: number
  costNanos: number
  /** The highest cost of the call by the price table and the call's limits. */
  boundNanos: number
}

export function overspendAlert(
  { reqId, client, model, heldNanos, costNanos, boundNanos }: Overspend,
  now: number,
): Alert {
  const scope = `client:${client.name}`
  const reason =
    costNanos > boundNanos
      ? "the price table's bound is wrong"
      : 'its hold did not grow in time, because Redis was unavailable or the model was faster than its known output rate'
  return {
    kind: 'overspend',
    dedupe: `overspend:${client.id}:${hourOf(now)}`,
    severity: 'critical',
    scope,
    title: `A call of ${scope} cost ${writeUsd(costNanos, heldNanos)} and held only ${writeUsd(heldNanos, costNanos)}: ${reason}.`,
    details: {
      reqId,
      model,
      costUsd: nanosToUsd(costNanos),
      heldUsd: nanosToUsd(heldNanos),
      boundUsd: nanosToUsd(boundNanos),
    },
  }
}

/** Names come from an upstream and may be of any length. */
const LONGEST_NAME = 200

export function unknownModelAlert(
  { upstream, model, answered }: { upstream: string; model: string; answered: string },
  now: number,
): Alert {
  return {
    kind: 'unknown_model',
    dedupe: `unknown-model:${upstream}:${model}:${monthOf(now)}`,
    severity: 'warning',
    scope: `upstream:${upstream}`,
    title:
      `${upstream} answers for ${model} with a model that has no price; such calls are charged, estimated, at the price of ${model}. ` +
      'Add the name to PRICES_FILE.',
    details: { upstream, model, answered: answered.slice(0, LONGEST_NAME) },
  }
}

export interface Shortfall {
  reqId: string
  upstream: string
  model: string
  /** The difference by which the upstream's own cost is above the price of the usage. */
  nanos: number
  /** Output tokens that only the total of the usage contains. */
  tokens: number
}

export function shortfallAlert({ reqId, upstream, model, nanos, tokens }: Shortfall, now: number): Alert {
  return {
    kind: 'usage_shortfall',
    dedupe: `usage-shortfall:${upstream}:${model}:${utcDay(now)}`,
    severity: 'warning',
    scope: `upstream:${upstream}`,
    title:
      `${upstream} reports less usage for ${model} than its own cost or total says; the larger amount is charged. ` +
      'See tollgate_usage_shortfall_usd_total and tollgate_usage_shortfall_tokens_total.',
    details: { reqId, upstream, model, costUsd: nanosToUsd(nanos), tokens },
  }
}

/** `seen` and `known`: output tokens a second. */
export function outputRateAlert(
  { upstream, model, seen, known }: { upstream: string; model: string; seen: number; known: number },
  now: number,
): Alert {
  return {
    kind: 'output_rate_exceeded',
    dedupe: `output-rate:${upstream}:${model}:${hourOf(now)}`,
    severity: 'warning',
    scope: `upstream:${upstream}`,
    title:
      `${model} at ${upstream} generated ${Math.round(seen)} tokens a second; the price table says at most ${known}. ` +
      'Holds were too low; this replica has raised its figure. Set maxOutputTokensPerSecond in PRICES_FILE.',
    details: { upstream, model, tokensPerSecond: Math.round(seen), maxOutputTokensPerSecond: known },
  }
}

/** The highest step comes first, because only the highest one reached is reported. */
const BEHIND = [
  { part: 1 / 2, step: 'half', severity: 'critical' },
  { part: 1 / 10, step: 'a tenth', severity: 'warning' },
] as const

export function ledgerAlert(pending: number, maxPending: number, now: number): Alert | undefined {
  const reached = BEHIND.findIndex(({ part }) => pending >= part * maxPending)
  const found = BEHIND[reached]
  if (!found) return undefined
  const dedupe = (step: string) => `ledger:${step}:${hourOf(now)}`
  return {
    kind: 'ledger_behind',
    dedupe: dedupe(found.step),
    severity: found.severity,
    scope: 'gateway',
    title:
      `${pending} entries of the ledger wait for Postgres, ${found.step} of what may wait; ` +
      `at ${maxPending} calls are refused.`,
    details: { pending, maxPending },
    unless: BEHIND.slice(0, reached).map(({ step }) => dedupe(step)),
    urgent: true,
  }
}

/** Calls get 503 because of the gateway or its stores. */
export function outageAlert(cause: Outage, now: number): Alert {
  const { found, fix, part } = outages[cause]
  return {
    kind: 'unavailable',
    dedupe: `unavailable:${cause}:${hourOf(now)}`,
    severity: 'critical',
    scope: 'gateway',
    title: `Calls get 503: ${found}. ${fix}`,
    details: { cause, part },
    urgent: true,
  }
}

const SHORT = 0.8

/** A warning before Redis is full: a full Redis is an outage. */
export function memoryAlert(
  { usedBytes, maxBytes }: { usedBytes: number; maxBytes: number },
  now: number,
): Alert | undefined {
  if (maxBytes === 0 || usedBytes < SHORT * maxBytes) return undefined
  const percent = Math.floor((100 * usedBytes) / maxBytes)
  return {
    kind: 'redis_memory',
    dedupe: `redis-memory:${hourOf(now)}`,
    severity: 'warning',
    scope: 'gateway',
    title:
      `${percent} % of the memory of Redis is in use, ${usedBytes} of ${maxBytes} bytes; when it is full, calls get 503. ` +
      `Raise its maxmemory.`,
    details: { percent, usedBytes, maxBytes },
    urgent: true,
  }
}

export function pricesAlert(fault: string, now: number): Alert {
  return {
    kind: 'prices_faulty',
    dedupe: `prices:${hourOf(now)}:${fault.slice(0, 200)}`,
    severity: 'warning',
    scope: 'gateway',
    title: 'PRICES_FILE has changed and is faulty; the previous prices stay in force.',
    details: { fault },
  }
}

export function upstreamsAlert(fault: string, now: number): Alert {
  return {
    kind: 'upstreams_faulty',
    dedupe: `upstreams:${hourOf(now)}:${fault.slice(0, 200)}`,
    severity: 'warning',
    scope: 'gateway',
    title:
      'UPSTREAMS_FILE, or a file that it names, has changed and is faulty; the previous upstreams stay in force.',
    details: { fault },
  }
}

export function secretAlert(name: string, fault: string, now: number): Alert {
  return {
    kind: 'secret_faulty',
    dedupe: `secret:${name}:${hourOf(now)}`,
    severity: 'warning',
    scope: 'gateway',
    title: `The file of ${name} has changed and is faulty; the secret from before stays in force.`,
    details: { secret: name, fault },
  }
}
