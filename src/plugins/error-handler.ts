/** Sends every error in the format of its route, also Fastify's own. Every response carries the request id. */

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { asProblem, sendProblem } from '../admin/problems.ts'
import { dialectOf } from '../dialects/index.ts'
import { isRefusal, type Refusal, type RefusalCode, refusal } from '../errors.ts'
import { loggedMessage } from '../logged-error.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Records the error of a call whose response has begun or cannot be sent. */
    recordError(request: FastifyRequest, error: Refusal): void
  }
  interface FastifyRequest {
    /** Why the call failed or was refused. */
    error: Refusal | undefined
  }
}

/** Fastify's errors as refusals. Any other error without a 4xx status is a fault of the gateway. */
const FASTIFY: Record<string, RefusalCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'request_too_large',
  FST_ERR_ROUTE_NOT_FOUND: 'not_found',
}

const METHODS = ['GET', 'HEAD', 'POST'] as const

export default fp(
  async app => {
    app.decorateRequest('error')
    app.decorate('recordError', (request: FastifyRequest, error: Refusal) => {
      request.error = error
    })

    app.addHook('onRequest', function setRequestId(request, reply, done) {
      reply.header('request-id', request.id).header('x-request-id', request.id)
      done()
    })

    app.setErrorHandler(function refuse(thrown: FastifyError, request, reply) {
      const error = asRefusal(thrown)
      request.error = error
      if (error.code === 'internal')
        request.log.error({ err: thrown, reqId: request.id }, 'a fault of the gateway')
      const dialect = dialectOf(request.routeOptions.config.dialect, request)
      reply.removeHeader('x-tollgate-cost-usd')
      // Fastify closes the connection after a body it cannot accept. A caller that still sends would get no response (lifecycle reads on).
      if (!app.draining) reply.removeHeader('connection')
      return reply.code(error.statusCode).headers(error.headers).send(dialect.errorBody(error, request.id))
    })

    app.setNotFoundHandler(async function refuseUnknownRoute(request: FastifyRequest) {
      const path = request.url.split('?', 1)[0]!
      const allowed = METHODS.filter(method => app.hasRoute({ url: path, method }))
      if (allowed.length > 0 && asksForWebsocket(request)) {
        throw refusal('upgrade_required', `${path} does not support websockets; send a POST over HTTP.`, {
          // RFC 9110 requires that a 426 names the protocol to use.
          headers: { upgrade: 'HTTP/1.1', connection: 'upgrade' },
        })
      }
      if (allowed.length > 0) {
        throw refusal(
          'method_not_allowed',
          `${path} does not take ${request.method}, only ${allowed.join(' and ')}.`,
          { headers: { allow: allowed.join(', ') } },
        )
      }
      throw refusal('not_found', `There is no ${request.method} ${path}; docs/api.md lists the routes.`)
    })
  },
  { name: 'error-handler', dependencies: ['health', 'lifecycle'], decorators: { fastify: ['draining'] } },
)

function asksForWebsocket({ headers, method }: FastifyRequest): boolean {
  return method === 'GET' && /\bwebsocket\b/i.test(headers.upgrade ?? '')
}

/** Answers requests that Fastify refuses before it finds a route, such as a path that cannot be decoded. */
export function rejectMalformed(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  reply.headers({ 'request-id': request.id, 'x-request-id': request.id })
  if (request.url.startsWith('/admin/')) return sendProblem(asProblem(error, request), request, reply)
  const malformed = refusal('invalid_request', error.message)
  return reply.code(malformed.statusCode).send(dialectOf(undefined, request).errorBody(malformed, request.id))
}

/** An error as a refusal; an unknown error becomes `internal`. */
export function asRefusal(error: FastifyError): Refusal {
  if (isRefusal(error)) return error
  const status = error.statusCode ?? 500
  const code = FASTIFY[error.code] ?? (status >= 400 && status < 500 ? 'invalid_request' : 'internal')
  const message =
    code === 'internal' ? 'The gateway failed. Its log has the cause, under this request id.' : error.message
  return refusal(code, message, { reason: loggedMessage(error.message) })
}
