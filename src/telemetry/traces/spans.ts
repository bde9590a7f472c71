/** Describes a finished call as spans: the call, its admission and its upstream request. A span never has a prompt or a key. */

import {
  type Attributes,
  createTraceState,
  type HrTime,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { FastifyRequest } from 'fastify'
import type { Entry } from '../../ledger/call-record.ts'
import { earlierAttempts } from '../attempts.ts'
import { errorTypeOf, operationOf } from '../genai.ts'
import { callAttributes, failedAttributes, genAiAttributes, number, text } from './attributes.ts'
import { randomId, type Trace } from './context.ts'

/** The resource and the scope of each span of this process. */
export type Origin = Pick<ReadableSpan, 'resource' | 'instrumentationScope'>

/** `start`: milliseconds of the monotonic clock, `ms`: how long it took. */
interface Part {
  kind: SpanKind
  spanId: string
  parent: SpanContext | undefined
  start: number
  ms: number
  attributes: Attributes
  failed: boolean
}

/**
 * The spans are plain objects: by the SDK's tracer they cost several times the CPU, see
 * docs/adr/0018-opentelemetry-sdk.md.
 */
export function spansOf(
  request: FastifyRequest,
  entry: Entry,
  trace: Trace,
  { resource, instrumentationScope }: Origin,
): ReadableSpan[] {
  const { admissionMs, admissionSentAt, arrivedAt, attempt } = request
  const { traceId, parentId, state } = trace
  // For each call: over days, the monotonic clock drifts from the wall clock.
  const epoch = Date.now() - performance.now()
  const traceState = state === undefined ? undefined : createTraceState(state)
  const contextOf = (spanId: string, isRemote = false): SpanContext => ({
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote,
    traceState,
  })
  const span = (name: string, part: Part): ReadableSpan => {
    const context = contextOf(part.spanId)
    return {
      name,
      kind: part.kind,
      spanContext: () => context,
      parentSpanContext: part.parent,
      startTime: hrTime(epoch + part.start),
      endTime: hrTime(epoch + part.start + part.ms),
      duration: hrTime(part.ms),
      ended: true,
      status: part.failed ? FAILED : UNSET,
      attributes: part.attributes,
      links: [],
      events: [],
      resource,
      instrumentationScope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    }
  }

  const genAi = genAiAttributes(request, entry)
  const spans = [
    span(`POST ${entry.route}`, {
      kind: SpanKind.SERVER,
      spanId: trace.spanId,
      parent: parentId === undefined ? undefined : contextOf(parentId, true),
      start: arrivedAt,
      ms: entry.latencyMs,
      attributes: { ...callAttributes(entry), ...genAi },
      failed: entry.status >= 500,
    }),
  ]
  const kind = SpanKind.CLIENT
  const parent = contextOf(trace.spanId)

  if (admissionSentAt !== undefined && admissionMs !== undefined)
    spans.push(
      span('admit', {
        kind,
        spanId: randomId(8),
        parent,
        start: admissionSentAt,
        ms: admissionMs,
        attributes: REDIS,
        failed: false,
      }),
    )
  for (const failed of earlierAttempts(request))
    spans.push(
      span(`${operationOf(request.call.dialect)} ${failed.model}`, {
        kind,
        spanId: failed.spanId ?? randomId(8),
        parent,
        start: failed.startedAt,
        ms: failed.ms,
        attributes: failedAttributes(request.call, failed),
        failed: true,
      }),
    )
  if (attempt && entry.upstreamMs !== undefined) {
    const { startedAt, firstByteAt } = attempt
    const { server } = request.route.upstream
    text(genAi, 'server.address', server.address)
    number(genAi, 'server.port', server.port)
    if (entry.stream && firstByteAt !== undefined)
      number(genAi, 'gen_ai.response.time_to_first_chunk', (firstByteAt - startedAt) / 1000)
    spans.push(
      span(`${operationOf(request.call.dialect)} ${request.route.price.model}`, {
        kind,
        spanId: trace.upstreamSpanId,
        parent,
        start: startedAt,
        ms: entry.upstreamMs,
        attributes: genAi,
        failed: errorTypeOf(entry) !== '',
      }),
    )
  }
  return spans
}

const UNSET = { code: SpanStatusCode.UNSET }
const FAILED = { code: SpanStatusCode.ERROR }
const REDIS = { 'db.system.name': 'redis', 'db.operation.name': 'EVALSHA' }

/** Of milliseconds. It keeps microseconds: a double has no more digits for a time since 1970. */
function hrTime(ms: number): HrTime {
  const micros = Math.round(ms * 1000)
  return [Math.floor(micros / 1e6), (micros % 1e6) * 1000]
}
