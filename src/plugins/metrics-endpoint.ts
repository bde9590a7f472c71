/** Serves /metrics, on the port of the calls or on a separate port. */

import { hash, timingSafeEqual } from 'node:crypto'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController,
} from 'fastify'
import { dialectOf } from '../dialects/index.ts'
import { refusal } from '../errors.ts'
import { loggedMessage } from '../logged-error.ts'
import { newRequestId } from '../requests/request-id.ts'
import { listenFault } from '../start/listen-fault.ts'
import type { Exposition } from '../telemetry/metrics/exposition.ts'
import { asRefusal } from './error-handler.ts'

const PATH = '/metrics'
/** The time limit of a request; a scrape has no body. */
const REQUEST_TIMEOUT = 10_000

export interface Endpoint {
  /** If set, a scrape must send it as a bearer token. */
  token: string | undefined
  /** Takes the `Accept` header of the scrape. */
  expose(accept: string | undefined): Promise<Exposition>
}

export function serveMetrics(app: FastifyInstance, { token, expose }: Endpoint): void {
  const expected = token === undefined ? undefined : digest(token)
  app.get(PATH, { logLevel: 'silent', exposeHeadRoute: true }, async ({ headers }, reply) => {
    const [, presented = ''] = /^bearer +(.*)$/i.exec(headers.authorization ?? '') ?? []
    if (expected && !timingSafeEqual(digest(presented), expected)) {
      throw refusal(
        'missing_key',
        `${PATH} takes the value of METRICS_TOKEN as Authorization: Bearer; this request has ` +
          `${headers.authorization === undefined ? 'no such header' : 'another value'}.`,
        { headers: { 'www-authenticate': 'Bearer realm="metrics"' } },
      )
    }
    const { contentType, text } = await expose(headers.accept)
    // With CORS_ORIGINS set, the response varies by origin too.
    const vary = [reply.getHeader('vary') ?? [], 'accept'].flat().join(', ')
    return reply.headers({ 'content-type': contentType, vary }).send(text)
  })
}

/** A server for /metrics alone. Rejects with one line that names METRICS_PORT if the port cannot be opened. */
export async function listenForMetrics(
  { host, port, log }: { host: string; port: number; log: FastifyBaseLogger },
  endpoint: Endpoint,
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: newRequestId,
    requestTimeout: REQUEST_TIMEOUT,
    // Closing does not wait for keep-alive connections.
    forceCloseConnections: true,
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'request-id': request.id, 'x-request-id': request.id })
  })
  app.setErrorHandler((thrown: FastifyError, request, reply) => {
    const error = asRefusal(thrown)
    if (error.code === 'internal') log.error({ err: thrown, reqId: request.id }, 'the metrics cannot be read')
    const body = dialectOf(undefined, request).errorBody(error, request.id)
    return reply.code(error.statusCode).headers(error.headers).send(body)
  })
  app.setNotFoundHandler(() => {
    throw refusal('not_found', `This port serves GET ${PATH} only; calls go to PORT.`)
  })
  serveMetrics(app, endpoint)
  await app
    .listen({ host, port, listenTextResolver: address => `/metrics is served at ${address}` })
    .catch(error => {
      throw new Error(
        listenFault(error, { host, port, variable: 'METRICS_PORT' }) ?? loggedMessage(error.message),
      )
    })
  return app
}

/** Of equal length for every token, so that the comparison takes the same time. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
