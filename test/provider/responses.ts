/** Builds the response to one request: the API's own shape, or the failure or malformed data of its scenario. */

import { gzipSync } from 'node:zlib'
import { anthropicFailure, openaiFailure } from './failures.ts'
import type { Generated } from './generation.ts'
import { requestId, responseHeaders } from './headers.ts'
import type { Api, Reply, StreamFrames } from './reply.ts'
import type { ProviderResponse } from './responder.ts'
import type { Failure, Scenario } from './scenario.ts'

const noFrames = Buffer.alloc(0)
const page = '<!doctype html><html><head><title>Welcome</title></head><body>It works!</body></html>'

export function buildResponse(api: Api, reply: Reply, scenario: Scenario): ProviderResponse {
  const headers = responseHeaders(api.family, requestId(api.family))
  const usual =
    api.stream && reply.request.stream === true
      ? streamResponse(api.stream(reply), reply.generated, scenario, headers)
      : jsonResponse(api.json(reply), scenario, headers)
  const response = scenario.nonsense ? nonsense(usual, scenario.nonsense) : usual
  return { ...response, errorFrames: Buffer.from(api.errorFrames ?? ''), generated: reply.generated }
}

/** An error response, in the family's shape unless the failure brings its own body. */
export function failureResponse(family: Api['family'], failure: Failure): ProviderResponse {
  const id = requestId(family)
  const shaped = family === 'anthropic' ? anthropicFailure(failure, id) : openaiFailure(failure)
  const body = Buffer.from(failure.body ?? JSON.stringify(shaped))
  const headers = {
    ...responseHeaders(family, id),
    'content-type': 'application/json',
    'content-length': body.length,
    ...(failure.retryAfter !== undefined && { 'retry-after': String(failure.retryAfter) }),
    ...failure.headers,
  }
  return { status: failure.status, headers, chunks: [body], cut: 1, errorFrames: noFrames }
}

function jsonResponse(
  json: object,
  { ending, after }: Scenario,
  headers: ProviderResponse['headers'],
): ProviderResponse {
  const body = Buffer.from(JSON.stringify(json))
  const cut = after ?? Math.floor(body.length / 2)
  // A clean end in the middle is only possible without a content-length.
  const promised = ending === 'eof' ? {} : { 'content-length': body.length }
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json', ...promised },
    chunks: ending === 'whole' ? [body] : [body.subarray(0, cut), body.subarray(cut)],
    cut: 1,
    errorFrames: noFrames,
  }
}

function streamResponse(
  { head, reasoned, pieces, tail }: StreamFrames,
  generated: Generated | undefined,
  { after }: Scenario,
  headers: ProviderResponse['headers'],
): ProviderResponse {
  const opening = reasoned ? [head, reasoned] : [head]
  return {
    status: 200,
    headers: {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
    },
    chunks: [...opening, ...pieces, tail].map(frames => Buffer.from(frames)),
    cut: opening.length + (after ?? Math.floor(pieces.length / 2)),
    dueMs: generated && [...(reasoned ? [0, generated.reasonedMs] : [0]), ...generated.pieceMs],
    errorFrames: noFrames,
  }
}

function nonsense(usual: ProviderResponse, kind: NonNullable<Scenario['nonsense']>): ProviderResponse {
  const whole = Buffer.concat(usual.chunks)
  const half = Math.floor(whole.length / 2)
  const kinds: Record<typeof kind, [type: string, body: Buffer, encoding?: string]> = {
    html: ['text/html', Buffer.from(page)],
    json: ['application/json', whole.subarray(0, half)],
    type: ['text/plain', whole],
    gzip: ['application/json', gzipSync(whole).subarray(0, 50), 'gzip'],
    empty: ['application/json', Buffer.alloc(0)],
    frames: ['text/event-stream', Buffer.from('event: \ndata: {"type":\n\ndata\n\n: \u0000\ndata: [DO\n\n')],
  }
  const [type, body, encoding] = kinds[kind]
  const headers = {
    ...usual.headers,
    'content-type': type,
    'content-length': body.length,
    ...(encoding && { 'content-encoding': encoding }),
  }
  return { ...usual, headers, chunks: [body], cut: 1 }
}
