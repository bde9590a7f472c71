/** Sends every error under /admin as problem details. */

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { isRefusal, retryAfter } from '../errors.ts'
import { isRebuilding } from '../lua/types.ts'
import { isRedisAway } from '../redis/away.ts'
import { isAway } from '../sql/query.ts'
import { isProblem, type Problem, problem, problemBody } from './problem.ts'

/** Before any route of `app`, because a 405 names the methods of those that are registered later. */
export function respondWithProblems(app: FastifyInstance): void {
  const routes: Pick<RouteOptions, 'url' | 'method'>[] = []
  // A copy, because Fastify changes the URL of a prefix's root afterwards.
  app.addHook('onRoute', ({ url, method }) => {
    if (method !== 'HEAD') routes.push({ url, method })
  })
  app.setErrorHandler(function sendError(error: FastifyError, request, reply) {
    const found = asProblem(error, request)
    if (found.statusCode === 500)
      request.log.error({ err: error, reqId: request.id }, 'a fault of the gateway')
    return sendProblem(found, request, reply)
  })
  app.setNotFoundHandler(async function refuseUnknownRoute({ method, url }) {
    const path = url.split('?', 1)[0] ?? ''
    const allowed = routes.flatMap(route => (isAt(route.url, path) ? methodsOf(route) : []))
    if (allowed.length === 0)
      throw problem(404, `There is no ${method} ${path} here; GET /admin/docs shows what there is.`)
    const takes = allowed.join(', ')
    throw problem(405, `${path} takes ${takes}, not ${method}.`, [], { allow: takes })
  })
}

export function sendProblem(found: Problem, { id }: FastifyRequest, reply: FastifyReply) {
  return reply
    .code(found.statusCode)
    .headers({ ...(found.statusCode === 503 && retryAfter(1000)), ...found.headers })
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(found, id)))
}

/** Every GET route answers HEAD as well. */
function methodsOf({ method }: Pick<RouteOptions, 'method'>): string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [String(method)]
}

function isAt(pattern: string, path: string): boolean {
  const parts = path.split('/')
  const expected = pattern.split('/')
  return (
    expected.length === parts.length && expected.every((part, i) => part.startsWith(':') || part === parts[i])
  )
}

/** Errors of Fastify before the route's handler, with how to fix them. */
const UNASKED: Record<string, (request: FastifyRequest) => Problem> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ({ headers }) =>
    problem(
      415,
      `Found the content type ${JSON.stringify(headers['content-type'] ?? 'none')}, expected application/json; send the body as JSON and say so.`,
    ),
  request_too_large: ({ routeOptions: { bodyLimit } }) =>
    problem(413, `The body is larger than ${bodyLimit} bytes; send a smaller one.`),
  expectation_failed: ({ headers }) =>
    problem(417, `The Expect header is ${JSON.stringify(headers.expect)}; expected 100-continue, or none.`),
  FST_ERR_BAD_URL: ({ url }) =>
    problem(400, `The path ${JSON.stringify(url.slice(0, 100))} cannot be decoded; percent-encode it.`),
}

export function asProblem(error: FastifyError, request: FastifyRequest): Problem {
  if (isProblem(error)) return error
  if (isRebuilding(error))
    return problem(503, 'The counters are being restored from the ledger; try again shortly.')
  if (isRedisAway(error)) return problem(503, 'Redis does not answer; try again shortly.')
  if (isAway(error)) return problem(503, 'The database does not answer; try again shortly.')
  const word = UNASKED[error.code]
  if (word) return word(request)
  const { statusCode = 500, message } = error
  if (statusCode === 503) return problem(503, message)
  if (isRefusal(error) && error.code === 'unsupported_media_type')
    return problem(415, message, [], error.headers)
  if (statusCode >= 400 && statusCode < 500) return problem(400, message)
  return problem(500, 'The gateway failed. Its log has the cause, under this request id.')
}
