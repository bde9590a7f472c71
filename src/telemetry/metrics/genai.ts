/** The metrics that OpenTelemetry's conventions for generative AI name, in Prometheus's spelling. */

import type { FastifyRequest } from 'fastify'
import type { Entry } from '../../ledger/call-record.ts'
import { errorTypeOf, inputTokensOf, operationOf, providerOf } from '../genai.ts'
import { type Histogram, type Registry, remembered } from './registry.ts'

/** Seconds and tokens, bucketed as the conventions advise. */
const DURATION = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const FIRST = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304]

const LABELS = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model', 'upstream']

/** What is measured of all calls of one kind. */
interface Measures {
  duration(errorType: string): Histogram
  upstreamDuration(errorType: string): Histogram
  firstToken: Histogram
  firstChunk: Histogram
  input: Histogram
  output: Histogram
}

/** Records calls that went to a provider: a cached response or a refusal is no operation of a model. */
export function createGenAiMetrics(registry: Registry) {
  const duration = registry.histogram(
    'gen_ai_server_request_duration_seconds',
    'From the arrival of a call that goes to a provider to the last byte of its answer.',
    DURATION,
    [...LABELS, 'error_type'],
  )
  const firstToken = registry.histogram(
    'gen_ai_server_time_to_first_token_seconds',
    'From the arrival of a call to the first byte of its streamed answer.',
    FIRST,
    LABELS,
  )
  const upstreamDuration = registry.histogram(
    'gen_ai_client_operation_duration_seconds',
    'From the request to the provider to the end of its answer.',
    DURATION,
    [...LABELS, 'error_type'],
  )
  const firstChunk = registry.histogram(
    'gen_ai_client_operation_time_to_first_chunk_seconds',
    'From the request to the provider to the first byte of its streamed answer.',
    FIRST,
    LABELS,
  )
  const usage = registry.histogram(
    'gen_ai_client_token_usage',
    'Tokens of a call; its input counts what was read from and written to a cache.',
    TOKENS,
    [...LABELS, 'gen_ai_token_type'],
  )

  const measuresOf = remembered(
    (...kind): Measures => ({
      duration: remembered(errorType => duration.series(...kind, errorType)),
      upstreamDuration: remembered(errorType => upstreamDuration.series(...kind, errorType)),
      firstToken: firstToken.series(...kind),
      firstChunk: firstChunk.series(...kind),
      input: usage.series(...kind, 'input'),
      output: usage.series(...kind, 'output'),
    }),
  )

  return function recordOperation({ call, attempt, measured, route }: FastifyRequest, entry: Entry) {
    if (!attempt || entry.upstreamMs === undefined) return
    const { dialect } = call
    const measures = measuresOf(
      operationOf(dialect),
      providerOf(dialect),
      route.price.model,
      route.upstream.name,
    )
    const errorType = errorTypeOf(entry)
    measures.duration(errorType).observe(entry.latencyMs / 1000)
    measures.upstreamDuration(errorType).observe(entry.upstreamMs / 1000)
    if (entry.stream && entry.ttftMs !== undefined && attempt.firstByteAt !== undefined) {
      measures.firstToken.observe(entry.ttftMs / 1000)
      measures.firstChunk.observe((attempt.firstByteAt - attempt.startedAt) / 1000)
    }
    if (!measured?.usage || !dialect.paid) return
    measures.input.observe(inputTokensOf(entry))
    if (call.parsed.hasOutput) measures.output.observe(entry.outputTokens)
  }
}
