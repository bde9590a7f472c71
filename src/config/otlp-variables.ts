/** The variables of OpenTelemetry, with the names, values and units of its specification. */

import { Type } from 'typebox'
import { compressions, protocols, samplers } from './otlp-options.ts'

/** A list as OpenTelemetry writes it. Values are percent-encoded. */
const pairs = (description: string, secret = false) =>
  Type.Optional(
    Type.String({
      pattern: '^\\s*[^=,\\s]+=[^,]*(,\\s*[^=,\\s]+=[^,]*)*$',
      secret,
      description,
      expected: 'name=value pairs with commas between them',
    }),
  )

const collectorUrl = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s]+$',
      format: 'url',
      description,
      expected: 'an http:// or https:// URL',
    }),
  )

/** Timers count milliseconds in 31 bits. */
const LONGEST = 2_000_000_000
const milliseconds = {
  minimum: 1,
  maximum: LONGEST,
  expected: `a whole number of milliseconds from 1 to ${LONGEST}`,
}
const wholeSpans = { minimum: 1, expected: 'a whole number of spans, 1 or more' }
const insteadOf = (name: string) => `For traces alone: it replaces ${name}`

export const otlpVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl(
    'Base URL of a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318. Unset: no traces',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collectorUrl(
    'The whole URL for traces, such as http://127.0.0.1:4318/v1/traces: it replaces OTEL_EXPORTER_OTLP_ENDPOINT',
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: Type.Enum(protocols, {
    default: 'http/protobuf',
    description: 'How spans are encoded: http/protobuf or http/json',
    expected: protocols.join(' or '),
  }),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: Type.Optional(
    Type.Enum(protocols, {
      description: insteadOf('OTEL_EXPORTER_OTLP_PROTOCOL'),
      expected: protocols.join(' or '),
    }),
  ),
  OTEL_EXPORTER_OTLP_HEADERS: pairs('Headers for the collector, such as a key: name=value,name=value', true),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: pairs(
    'For traces alone: they are added to OTEL_EXPORTER_OTLP_HEADERS and replace those of the same name',
    true,
  ),
  OTEL_EXPORTER_OTLP_TIMEOUT: Type.Integer({
    ...milliseconds,
    default: 10_000,
    description: 'Milliseconds that the request of a batch, with its retries, may take',
  }),
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: Type.Optional(
    Type.Integer({ ...milliseconds, description: insteadOf('OTEL_EXPORTER_OTLP_TIMEOUT') }),
  ),
  OTEL_EXPORTER_OTLP_COMPRESSION: Type.Enum(compressions, {
    default: 'none',
    description: 'How requests to the collector are compressed: none or gzip',
    expected: compressions.join(' or '),
  }),
  OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: Type.Optional(
    Type.Enum(compressions, {
      description: insteadOf('OTEL_EXPORTER_OTLP_COMPRESSION'),
      expected: compressions.join(' or '),
    }),
  ),
  OTEL_BSP_SCHEDULE_DELAY: Type.Integer({
    ...milliseconds,
    default: 1000,
    description: 'Milliseconds that a span waits for a full batch',
  }),
  OTEL_BSP_EXPORT_TIMEOUT: Type.Integer({
    ...milliseconds,
    default: 30_000,
    description: 'Milliseconds after which a batch is dropped if its export has not ended',
  }),
  OTEL_BSP_MAX_QUEUE_SIZE: Type.Integer({
    ...wholeSpans,
    default: 8192,
    description: 'Spans that may wait; more are dropped',
  }),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: Type.Integer({
    ...wholeSpans,
    default: 512,
    description: 'Spans in one request to the collector, at most OTEL_BSP_MAX_QUEUE_SIZE',
  }),
  OTEL_SDK_DISABLED: Type.String({
    pattern: '^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$',
    default: 'false',
    description: 'true: no traces, whatever the other variables are',
    expected: 'true or false',
  }),
  OTEL_SERVICE_NAME: Type.String({
    minLength: 1,
    default: 'tollgate',
    description: 'The name of this service in traces',
    expected: 'a name',
  }),
  OTEL_RESOURCE_ATTRIBUTES: pairs('Attributes of every span: name=value,name=value'),
  OTEL_TRACES_SAMPLER: Type.Enum(samplers, {
    default: 'parentbased_always_on',
    description: 'Which calls are traced',
    expected: samplers.join(', '),
  }),
  OTEL_TRACES_SAMPLER_ARG: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 1,
    description: 'For samplers by ratio: the part of calls that is traced',
    expected: 'a number from 0 to 1',
  }),
}
