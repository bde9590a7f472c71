/** The spans of a call that is over: the call itself, its admission, its talk with the provider. Never a prompt, never a key. */

import type { FastifyRequest } from 'fastify'
import type { UsagePart } from '../dialects/dialect.ts'
import type { Entry } from '../entry.ts'
import { errorTypeOf, inputTokensOf, operationOf, providerOf } from '../genai.ts'
import { nanosToUsd } from '../money.ts'
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
  // By the clock of now: over days, the one that is monotonic drifts from it.
  const epoch = Date.now() - performance.now()
  const { admissionMs, admissionSentAt, arrivedAt, exchange } = request
  const span = (
    name: string,
    kind: Span['kind'],
    { start, ms }: { start: number; ms: number },
    attributes: Attribute[],
  ) => ({
    traceId: trace.traceId,
    ...(trace.state !== undefined && { traceState: trace.state }),
    name,
    kind,
    startTimeUnixNano: nanos(epoch + start),
    endTimeUnixNano: nanos(epoch + start + ms),
    attributes,
  })
  const spans: Span[] = [
    {
      ...span(`POST ${entry.route}`, SERVER, { start: arrivedAt, ms: entry.latencyMs }, [
        ...callAttributes(entry),
        ...genAiAttributes(request, entry),
      ]),
      spanId: trace.spanId,
      ...(trace.parentId !== undefined && { parentSpanId: trace.parentId }),
      ...(entry.status >= 500 && failed),
    },
  ]
  const child = { parentSpanId: trace.spanId }
  if (admissionSentAt !== undefined && admissionMs !== undefined) {
    const redis = [...text('db.system.name', 'redis'), ...text('db.operation.name', 'EVALSHA')]
    spans.push({
      ...span('admit', CLIENT, { start: admissionSentAt, ms: admissionMs }, redis),
      ...child,
      spanId: randomId(8),
    })
  }
  if (exchange && entry.upstreamMs !== undefined) {
    const { startedAt, firstByteAt } = exchange
    const { address, port } = request.route.upstream.server
    const first = entry.stream && firstByteAt !== undefined ? (firstByteAt - startedAt) / 1000 : undefined
    spans.push({
      ...span(
        `${operationOf(request.call.dialect)} ${request.call.ask.model}`.slice(0, 200),
        CLIENT,
        { start: startedAt, ms: entry.upstreamMs },
        [
          ...genAiAttributes(request, entry),
          ...text('server.address', address),
          ...integer('server.port', port),
          ...double('gen_ai.response.time_to_first_chunk', first),
        ],
      ),
      ...child,
      spanId: trace.upstreamSpanId,
      ...(errorTypeOf(entry) !== '' && failed),
    })
  }
  return spans
}

function callAttributes(entry: Entry): Attribute[] {
  return [
    ...text('http.request.method', 'POST'),
    ...text('http.route', entry.route),
    ...integer('http.response.status_code', entry.status),
    ...text('tollgate.request.id', entry.reqId),
    ...text('tollgate.client', entry.client),
    ...text('tollgate.team', entry.team),
    ...text('tollgate.outcome', entry.outcome),
    ...text('tollgate.refused_by', entry.scope),
    ...text('tollgate.cache', entry.cache),
    ...text('tollgate.upstream', entry.upstream),
    ...double('tollgate.cost_usd', nanosToUsd(entry.costNanos)),
    ...flag('tollgate.cost_estimated', entry.estimated),
  ]
}

function genAiAttributes({ call, edits, measured }: FastifyRequest, entry: Entry): Attribute[] {
  const errorType = text('error.type', errorTypeOf(entry))
  if (!call) return errorType
  return [
    ...errorType,
    ...text('gen_ai.operation.name', operationOf(call.dialect)),
    ...text('gen_ai.provider.name', providerOf(call.dialect)),
    ...text('gen_ai.request.model', call.ask.model),
    ...flag('gen_ai.request.stream', call.ask.stream),
    ...integer('gen_ai.request.max_tokens', edits?.ceiling ?? call.ask.ceiling),
    ...(measured?.usage ? usageAttributes(entry, measured.usage) : []),
  ]
}

function usageAttributes(entry: Entry, parts: UsagePart[]): Attribute[] {
  const reasoning = parts.reduce((sum, part) => sum + part.reasoning, 0)
  return [
    ...text('gen_ai.response.model', parts.at(-1)?.model),
    ...integer('gen_ai.usage.input_tokens', inputTokensOf(entry)),
    ...integer('gen_ai.usage.output_tokens', entry.outputTokens),
    ...integer('gen_ai.usage.cache_read.input_tokens', entry.cacheReadTokens),
    ...integer('gen_ai.usage.cache_creation.input_tokens', entry.cacheWriteTokens),
    ...integer('gen_ai.usage.reasoning.output_tokens', reasoning || undefined),
  ]
}
