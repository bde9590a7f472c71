/** Collects the facts of an ended call once, for the ledger, the log and the metrics. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { UsagePart } from '../dialects/dialect.ts'
import type { Refusal } from '../errors.ts'
import type { Entry, Outcome } from '../ledger/call-record.ts'
import { formatUsd } from '../pricing/money.ts'
import { isUpstreamError } from '../telemetry/attempts.ts'
import type { FailedAttempt } from './retry.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The facts of the call with this error, as they are now. */
    entryOf(request: FastifyRequest, reply: FastifyReply, error: Refusal | undefined): Entry
  }
  interface FastifyRequest {
    entry: Entry | undefined
  }
}

export default fp(
  async app => {
    app.decorateRequest('entry')
    app.decorate('entryOf', (request, reply, error) => {
      const entry = entryOf(request, reply, error)
      entry.error &&= app.redactor.text(entry.error)
      entry.tried &&= app.redactor.text(entry.tried)
      return entry
    })
    app.onCallEnd('record', function recordCall(request, reply) {
      if (request.routeOptions.config.dialect) request.entry = app.entryOf(request, reply, request.error)
    })
  },
  {
    name: 'record',
    dependencies: ['auth', 'call', 'cost', 'error-handler', 'lifecycle', 'models', 'secrets', 'usage'],
    decorators: {
      fastify: ['onCallEnd', 'redactor'],
      request: [
        'arrivedAt',
        'call',
        'chargedNanos',
        'client',
        'cost',
        'disconnected',
        'error',
        'key',
        'leftEarly',
        'measured',
        'route',
      ],
    },
  },
)

function entryOf(request: FastifyRequest, reply: FastifyReply, error: Refusal | undefined): Entry {
  const { arrivedAt, cachedFrom, call, client, cost, attempt, failedAttempts, measured, route } = request
  const now = performance.now()
  const tokens = tokensOf(measured?.usage)
  return {
    reqId: request.id,
    clientId: client?.id,
    client: client?.name,
    teamId: client?.team?.id,
    team: client?.team?.name,
    key: request.key?.id,
    route: request.routeOptions.url ?? request.url,
    model: call?.parsed.model,
    ...(cachedFrom ?? { upstream: route?.upstream.name, upstreamModel: route?.candidate.sentModel }),
    status: statusOf(request, reply, error),
    outcome: outcomeOf(request, error),
    stream: call?.parsed.stream ?? false,
    cache: request.cacheResult,
    latencyMs: round(now - arrivedAt),
    ttftMs: attempt?.firstByteAt && round(attempt.firstByteAt - arrivedAt),
    upstreamMs: attempt && round((attempt.endedAt ?? now) - attempt.startedAt),
    inputTokens: tokens.input,
    cacheReadTokens: tokens.cacheRead,
    cacheWriteTokens: tokens.cacheWrite,
    outputTokens: tokens.output,
    costNanos: request.chargedNanos + (cost?.nanos ?? 0),
    savedNanos: request.savedNanos,
    estimated: cost?.estimated ?? false,
    estimate: cost?.how,
    unbounded: call && call.parsed.unbounded.length > 0 ? true : undefined,
    priceVersion: route?.table.version,
    attempts: request.attempts || undefined,
    tried: request.attempts > 1 ? failedAttempts?.map(triedText).join('; ') : undefined,
    error: error && wordsOf(error),
    refusal: error?.code,
    scope: typeof error?.details.scope === 'string' ? error.details.scope : undefined,
  }
}

function tokensOf(usage: readonly UsagePart[] = []) {
  const sum = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 }
  for (const part of usage) {
    sum.input += part.input
    sum.cacheRead += part.cacheRead
    sum.cacheWrite += part.cacheWrite5m + part.cacheWrite1h + part.cacheWriteOther
    sum.output += part.output
  }
  return sum
}

/** `anthropic/claude-haiku-4-5: the provider answered 529 (120 ms, charged $0.002)` */
function triedText({ upstream, model, error, ms, chargedNanos }: FailedAttempt): string {
  const charge = chargedNanos > 0 ? `, charged ${formatUsd(chargedNanos)}` : ''
  return `${upstream}/${model}: ${wordsOf(error)} (${Math.round(ms)} ms${charge})`
}

/** 499: the caller left before the response. */
function statusOf({ leftEarly }: FastifyRequest, { raw }: FastifyReply, error: Refusal | undefined): number {
  // Headers that were written later did not reach the caller.
  if (leftEarly) return 499
  return raw.headersSent ? raw.statusCode : (error?.statusCode ?? 499)
}

function outcomeOf(
  { cacheResult, disconnected, leftEarly, attempt }: FastifyRequest,
  error: Refusal | undefined,
): Outcome {
  if (error?.code === 'internal') return 'gateway_error'
  // A running call that a budget stopped is not a refusal: it was served in part, and is charged.
  if (error?.code === 'interrupted' || (attempt && error?.family === 'billing')) return 'interrupted'
  if (error && isUpstreamError(error) && !leftEarly) return 'upstream_error'
  if (error && !disconnected) return 'refused'
  // Many clients close the connection right after a stream's last event.
  if (disconnected && !attempt?.passed) return 'client_gone'
  return cacheResult === 'HIT' ? 'cached' : 'ok'
}

/** A message may quote the prompt, which must not reach the log, so the log names only the field. */
function wordsOf({ code, details, message, reason }: Refusal): string {
  return reason ?? (details.param === undefined ? message : `${code}: ${details.param}`)
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
