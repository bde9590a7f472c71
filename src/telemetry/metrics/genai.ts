/** The metrics of OpenTelemetry's conventions for generative AI, with Prometheus's names. */

import type { FastifyRequest } from 'fastify'
import type { Registry } from 'prom-client'
import type { Entry } from '../../ledger/call-record.ts'
import { errorTypeOf, inputTokensOf, operationOf, providerOf } from '../genai.ts'
import { callHistogram, type Distribution, type Exemplar } from './call-histogram.ts'
import { remembered } from './remembered.ts'

/** Upper bounds in seconds and tokens, as the conventions advise. */
const DURATION = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const FIRST = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304]

const LABELS = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model', 'upstream']

/** The series of calls with the same labels. */
interface Measures {
  duration(errorType: string): Distribution
  upstreamDuration(errorType: string): Distribution
  firstToken: Distribution
  firstChunk: Distribution
  input: Distribution
  output: Distribution
}

/** Records calls that went to an upstream. A cached response or a refusal is not an operation of a model. */
export function createGenAiMetrics(registry: Registry) {
  const histogram = (name: string, help: string, buckets: number[], label?: string) =>
    callHistogram(registry, name, help, buckets, label ? [...LABELS, label] : LABELS)
  const duration = histogram(
    'gen_ai_server_request_duration_seconds',
    'Time from the arrival of a call to the last byte of its response, for calls that go to an upstream.',
    DURATION,
    'error_type',
  )
  const firstToken = histogram(
    'gen_ai_server_time_to_first_token_seconds',
    'Time from the arrival of a call to the first byte of its streamed response.',
    FIRST,
  )
  const upstreamDuration = histogram(
    'gen_ai_client_operation_duration_seconds',
    'Time from the request to the upstream to the end of its response.',
    DURATION,
    'error_type',
  )
  const firstChunk = histogram(
    'gen_ai_client_operation_time_to_first_chunk_seconds',
    'Time from the request to the upstream to the first byte of its streamed response.',
    FIRST,
  )
  const usage = histogram(
    'gen_ai_client_token_usage',
    'Tokens of a call; its input includes tokens read from and written to a cache.',
    TOKENS,
    'gen_ai_token_type',
  )

  const measuresOf = remembered(
    (...kind): Measures => ({
      duration: remembered(errorType => duration(...kind, errorType)),
      upstreamDuration: remembered(errorType => upstreamDuration(...kind, errorType)),
      firstToken: firstToken(...kind),
      firstChunk: firstChunk(...kind),
      input: usage(...kind, 'input'),
      output: usage(...kind, 'output'),
    }),
  )

  return function recordOperation(
    { call, attempt, measured, route }: FastifyRequest,
    entry: Entry,
    exemplar: Exemplar,
  ) {
    if (!attempt || entry.upstreamMs === undefined) return
    const { dialect } = call
    const measures = measuresOf(
      operationOf(dialect),
      providerOf(dialect),
      route.price.model,
      route.upstream.name,
    )
    const errorType = errorTypeOf(entry)
    measures.duration(errorType).observe(entry.latencyMs / 1000, exemplar)
    measures.upstreamDuration(errorType).observe(entry.upstreamMs / 1000, exemplar)
    if (entry.stream && entry.ttftMs !== undefined && attempt.firstByteAt !== undefined) {
      measures.firstToken.observe(entry.ttftMs / 1000, exemplar)
      measures.firstChunk.observe((attempt.firstByteAt - attempt.startedAt) / 1000, exemplar)
    }
    if (!measured?.usage || !dialect.paid) return
    measures.input.observe(inputTokensOf(entry), exemplar)
    if (call.parsed.hasOutput) measures.output.observe(entry.outputTokens, exemplar)
  }
}
