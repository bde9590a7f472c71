/** Allow-lists of the headers that are forwarded, in both directions. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Headers } from './connection.ts'
import type { Key } from './keys.ts'
import { type Auth, requestHeadersOf } from './types.ts'
import type { Upstream } from './upstream.ts'

/** The kinds of authorization that read the address. */
const SIGNED: ReadonlySet<string> = new Set<Auth>(['aws', 'google'])
const NO_URL = new URL('http://unused.invalid')

/**
 * The headers to the upstream: the dialect's list, the gateway's own, those of the upstream's settings, the real key, and no
 * compression, so that the response can be metered. A promise, if the key signs the request or gets an access token.
 */
export function upstreamHeaders(
  { call, headers, outgoing }: FastifyRequest,
  { authorize, origin, settings, type }: Upstream,
  key: Key,
  { path, body }: { path: string; body: Buffer },
): Record<string, string> | Promise<Record<string, string>> {
  const sent: Record<string, string> = {
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'tollgate',
  }
  for (const name of requestHeadersOf(type, call.dialect)) {
    const value = headers[name]
    if (value !== undefined && !type.withoutHeaders?.includes(name))
      sent[name] = Array.isArray(value) ? value.join(', ') : value
  }
  Object.assign(sent, outgoing, settings.headers)
  const { format } = call.dialect
  const keyHeaders = authorize(key.secret(), {
    format,
    headers,
    method: 'POST',
    url: SIGNED.has(type.auth) ? new URL(path, origin) : NO_URL,
    body,
  })
  return keyHeaders instanceof Promise
    ? keyHeaders.then(signed => Object.assign(sent, signed))
    : Object.assign(sent, keyHeaders)
}

/** The provider's headers that the caller gets. */
export function responseHeaders(headers: Headers): Record<string, string> {
  return { 'content-type': mediaType(headers) }
}

/** The content type in lower case, with no parameter but its charset, because other parameters may contain any text of the upstream. */
export function mediaType(headers: Headers): string {
  const given = String(headers['content-type'] ?? '').toLowerCase()
  const [type = 'none'] = /^[\w.+-]+\/[\w.+-]+/.exec(given) ?? []
  return /;\s*charset="?utf-8/.test(given) ? `${type}; charset=utf-8` : type
}

/** Headers of a response that is not collected: no proxy may buffer a stream, and long JSON keeps its length. */
export function flowHeaders({ call }: FastifyRequest, headers: Headers): Record<string, string> {
  if (call.parsed.stream) return { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }
  const length = headers['content-length']
  return length === undefined ? {} : { 'content-length': String(length) }
}

/** The gateway's own headers of this response, set by its plugins. */
export function ownHeaders(reply: FastifyReply): Record<string, string> {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) own[name] = String(value)
  return own
}
