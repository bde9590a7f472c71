/** The spans of a call that is over: the call itself, its admission, its talk with the provider. Never a prompt, never a key. */

import type { FastifyRequest } from 'fastify'
import type { Entry } from '../../ledger/call-record.ts'
import { nanosToUsd } from '../../pricing/money.ts'
import { errorTypeOf, inputTokensOf, operationOf, providerOf } from '../genai.ts'
import { randomId, type Trace } from './context.ts'
import {
  type Attribute,
  CLIENT,
  double,
  failed,
  flag,
  integer,
  nanos,
  SERVER,
  type Span,
  text,
} from './otlp.ts'

export function spansOf(request: FastifyRequest, entry: Entry, trace: Trace): Span[] {
  const { admissionMs, admissionSentAt, arrivedAt, attempt } = request
  // By the clock of now: over days, the one that is monotonic drifts from it.
  const epoch = Date.now() - performance.now()
  const span = (
    name: string,
    kind: Span['kind'],
    spanId: string,
    { start, ms, attributes }: { start: number; ms: number; attributes: Attribute[] },
  ): Span => ({
    traceId: trace.traceId,
    spanId,
    ...(trace.state !== undefined && { traceState: trace.state }),
    name,
    kind,
    startTimeUnixNano: nanos(epoch + start),
    endTimeUnixNano: nanos(epoch + start + ms),
    attributes,
  })

  const genAi = genAiAttributes(request, entry)
  const call = span(`POST ${entry.route}`, SERVER, trace.spanId, {
    start: arrivedAt,
    ms: entry.latencyMs,
    attributes: callAttributes(entry).concat(genAi),
  })
  if (trace.parentId !== undefined) call.parentSpanId = trace.parentId
  if (entry.status >= 500) call.status = failed
  const spans = [call]

  if (admissionSentAt !== undefined && admissionMs !== undefined) {
    const times = { start: admissionSentAt, ms: admissionMs }
    const admission = span('admit', CLIENT, randomId(8), { ...times, attributes: REDIS })
    admission.parentSpanId = trace.spanId
    spans.push(admission)
  }
  if (attempt && entry.upstreamMs !== undefined) {
    const { startedAt, firstByteAt } = attempt
    const { server } = request.route.upstream
    text(genAi, 'server.address', server.address)
    integer(genAi, 'server.port', server.port)
    if (entry.stream && firstByteAt !== undefined)
      double(genAi, 'gen_ai.response.time_to_first_chunk', (firstByteAt - startedAt) / 1000)
    const name = `${operationOf(request.call.dialect)} ${request.route.price.model}`
    const times = { start: startedAt, ms: entry.upstreamMs }
    const upstream = span(name, CLIENT, trace.upstreamSpanId, { ...times, attributes: genAi })
    upstream.parentSpanId = trace.spanId
    if (errorTypeOf(entry) !== '') upstream.status = failed
    spans.push(upstream)
  }
  return spans
}

const REDIS: Attribute[] = []
text(REDIS, 'db.system.name', 'redis')
text(REDIS, 'db.operation.name', 'EVALSHA')

function callAttributes(entry: Entry): Attribute[] {
  const list: Attribute[] = []
  text(list, 'http.request.method', 'POST')
  text(list, 'http.route', entry.route)
  integer(list, 'http.response.status_code', entry.status)
  text(list, 'tollgate.request.id', entry.reqId)
  text(list, 'tollgate.client', entry.client)
  text(list, 'tollgate.team', entry.team)
  text(list, 'tollgate.outcome', entry.outcome)
  text(list, 'tollgate.refused_by', entry.scope)
  text(list, 'tollgate.cache', entry.cache)
  text(list, 'tollgate.upstream', entry.upstream)
  double(list, 'tollgate.cost_usd', nanosToUsd(entry.costNanos))
  flag(list, 'tollgate.cost_estimated', entry.estimated)
  return list
}

function genAiAttributes({ call, edits, measured, server }: FastifyRequest, entry: Entry): Attribute[] {
  const list: Attribute[] = []
  text(list, 'error.type', errorTypeOf(entry))
  if (!call) return list
  text(list, 'gen_ai.operation.name', operationOf(call.dialect))
  text(list, 'gen_ai.provider.name', providerOf(call.dialect))
  text(list, 'gen_ai.request.model', call.parsed.model)
  flag(list, 'gen_ai.request.stream', call.parsed.stream)
  integer(list, 'gen_ai.request.max_tokens', edits?.maxOutputTokens ?? call.parsed.maxOutputTokens)
  if (!measured?.usage) return list
  const reasoning = measured.usage.reduce((sum, part) => sum + part.reasoning, 0)
  // The upstream names it.
  text(list, 'gen_ai.response.model', server.redactor.text(measured.usage.at(-1)?.model ?? ''))
  integer(list, 'gen_ai.usage.input_tokens', inputTokensOf(entry))
  integer(list, 'gen_ai.usage.output_tokens', entry.outputTokens)
  integer(list, 'gen_ai.usage.cache_read.input_tokens', entry.cacheReadTokens)
  integer(list, 'gen_ai.usage.cache_creation.input_tokens', entry.cacheWriteTokens)
  integer(list, 'gen_ai.usage.reasoning.output_tokens', reasoning || undefined)
  return list
}
