/** Headers cross the gateway by allow-list, in both directions. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { inPlace } from './dialects/redact.ts'
import type { Headers } from './upstream.ts'

/** What goes up: the dialect's list, what concerns of the gateway add, the real key, and no compression, so that the answer can be metered. */
export function upstreamHeaders({ call, headers, outgoing, route }: FastifyRequest): Record<string, string> {
  const sent: Record<string, string> = {
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'tollgate',
  }
  for (const name of call.dialect.requestHeaders) {
    const value = headers[name]
    if (value !== undefined) sent[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return Object.assign(sent, outgoing, route.upstream.authorize(call.dialect.family, headers))
}

/** What comes back of the provider's own headers. A value that quotes our key is redacted. */
export function answerHeaders({ call, server }: FastifyRequest, headers: Headers): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const name of call.dialect.responseHeaders) {
    const value = headers[name]
    if (value !== undefined) passed[name] = server.redactor.text(String(value), inPlace)
  }
  return passed
}

/** For an answer that passes as it comes: streams must not be kept back on the way, long JSON keeps its length. */
export function flowHeaders({ call }: FastifyRequest, headers: Headers): Record<string, string> {
  if (call.ask.stream) return { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }
  const length = headers['content-length']
  return length === undefined ? {} : { 'content-length': String(length) }
}

/** The gateway's own headers on this answer, set by the plugins on the way. */
export function ownHeaders(reply: FastifyReply): Record<string, string> {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) own[name] = String(value)
  return own
}
