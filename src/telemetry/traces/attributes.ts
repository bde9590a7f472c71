/** Attributes of spans: the names of OpenTelemetry for HTTP and generative AI, and `tollgate.` names. A missing value has no attribute. */

import type { Attributes } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import type { Entry } from '../../ledger/call-record.ts'
import { nanosToUsd } from '../../pricing/money.ts'
import { errorTypeOf, inputTokensOf, operationOf, providerOf } from '../genai.ts'

/** In characters. A client chooses some of the values. */
const LONGEST = 200

export function text(to: Attributes, key: string, value: string | undefined): void {
  if (value) to[key] = value.slice(0, LONGEST).toWellFormed()
}

export function number(to: Attributes, key: string, value: number | undefined): void {
  if (value !== undefined) to[key] = value
}

function flag(to: Attributes, key: string, value: boolean): void {
  if (value) to[key] = value
}

export function callAttributes(entry: Entry): Attributes {
  const list: Attributes = {}
  text(list, 'http.request.method', 'POST')
  text(list, 'http.route', entry.route)
  number(list, 'http.response.status_code', entry.status)
  text(list, 'tollgate.request.id', entry.reqId)
  text(list, 'tollgate.client', entry.client)
  text(list, 'tollgate.team', entry.team)
  text(list, 'tollgate.outcome', entry.outcome)
  text(list, 'tollgate.refused_by', entry.scope)
  text(list, 'tollgate.cache', entry.cache)
  text(list, 'tollgate.upstream', entry.upstream)
  number(list, 'tollgate.cost_usd', nanosToUsd(entry.costNanos))
  flag(list, 'tollgate.cost_estimated', entry.estimated)
  return list
}

export function genAiAttributes({ call, edits, measured, server }: FastifyRequest, entry: Entry): Attributes {
  const list: Attributes = {}
  text(list, 'error.type', errorTypeOf(entry))
  if (!call) return list
  text(list, 'gen_ai.operation.name', operationOf(call.dialect))
  text(list, 'gen_ai.provider.name', providerOf(call.dialect))
  text(list, 'gen_ai.request.model', call.parsed.model)
  flag(list, 'gen_ai.request.stream', call.parsed.stream)
  number(list, 'gen_ai.request.max_tokens', edits?.maxOutputTokens ?? call.parsed.maxOutputTokens)
  if (!measured?.usage) return list
  const reasoning = measured.usage.reduce((sum, part) => sum + part.reasoning, 0)
  // The upstream chooses this text.
  text(list, 'gen_ai.response.model', server.redactor.text(measured.usage.at(-1)?.model ?? ''))
  number(list, 'gen_ai.usage.input_tokens', inputTokensOf(entry))
  number(list, 'gen_ai.usage.output_tokens', entry.outputTokens)
  number(list, 'gen_ai.usage.cache_read.input_tokens', entry.cacheReadTokens)
  number(list, 'gen_ai.usage.cache_creation.input_tokens', entry.cacheWriteTokens)
  number(list, 'gen_ai.usage.reasoning.output_tokens', reasoning || undefined)
  return list
}

interface Failed {
  upstream: string
  server: { address: string; port: number }
  error: { code: string }
}

/** Of an attempt that was followed by another one. */
export function failedAttributes({ dialect, parsed }: FastifyRequest['call'], failed: Failed): Attributes {
  const list: Attributes = {}
  text(list, 'error.type', failed.error.code)
  text(list, 'gen_ai.operation.name', operationOf(dialect))
  text(list, 'gen_ai.provider.name', providerOf(dialect))
  text(list, 'gen_ai.request.model', parsed.model)
  flag(list, 'gen_ai.request.stream', parsed.stream)
  text(list, 'tollgate.upstream', failed.upstream)
  text(list, 'server.address', failed.server.address)
  number(list, 'server.port', failed.server.port)
  return list
}
