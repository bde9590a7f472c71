/** Every error under /admin leaves as problem details. */

import type { FastifyError, FastifyInstance } from 'fastify'
import { retryAfter } from '../../errors.ts'
import { isAway } from '../../stores/query.ts'
import { isProblem, type Problem, problem, problemBody } from './problem.ts'

export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler(function tell(error: FastifyError, request, reply) {
    const told = asProblem(error)
    if (told.statusCode === 500)
      request.log.error({ err: error, reqId: request.id }, 'a fault of the gateway')
    if (told.statusCode === 503) reply.headers(retryAfter(1000))
    return reply
      .code(told.statusCode)
      .headers(told.headers)
      .type('application/problem+json')
      .send(JSON.stringify(problemBody(told, request.id)))
  })
  app.setNotFoundHandler(async function nothingHere({ method, url }) {
    throw problem(
      404,
      `There is no ${method} ${url.split('?', 1)[0]} here; see the README for what there is.`,
    )
  })
}

function asProblem(error: FastifyError): Problem {
  if (isProblem(error)) return error
  if (isAway(error)) return problem(503, 'The database does not answer; try again shortly.')
  const { statusCode = 500, message } = error
  if (statusCode === 413 || statusCode === 415 || statusCode === 503) return problem(statusCode, message)
  if (statusCode >= 400 && statusCode < 500) return problem(400, message)
  return problem(500, 'The gateway failed; its log tells why, under this request id.')
}
