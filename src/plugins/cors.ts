/** CORS for callers' routes, for the origins in CORS_ORIGINS; registered only if it is set. */

import fastifyCors from '@fastify/cors'
import fp from 'fastify-plugin'
import { dialects } from '../dialects/index.ts'
import { isCallersPath } from '../requests/caller-paths.ts'

/** Chromium caches a preflight for two hours at most. */
const MAX_AGE_SECONDS = 7200

const aLimit = { limit: 0, remaining: 0, resetMs: 0 }
const limitHeaders = dialects.flatMap(dialect =>
  Object.keys(dialect.limitHeaders({ requests: aLimit, tokens: aLimit }, 0)),
)

const exposed = new Set([
  'request-id',
  'x-request-id',
  'x-cache',
  'age',
  'x-tollgate-cost-usd',
  'x-tollgate-max-tokens',
  'x-tollgate-upstream',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'ratelimit',
  'ratelimit-policy',
  ...limitHeaders,
])

/** `origins`: the text of CORS_ORIGINS. */
export default fp<{ origins: string }>(
  async (app, { origins }) => {
    // The package answers OPTIONS on every path. Only preflights to callers' routes may reach it.
    app.addHook('onRequest', function restrictPreflights({ headers, method, url }, reply, done) {
      const isPreflight = headers.origin !== undefined && 'access-control-request-method' in headers
      if (method === 'OPTIONS' && !(isPreflight && isCallersPath(url))) return void reply.callNotFound()
      done()
    })
    await app.register(fastifyCors, {
      origin: origins.trim() === '*' ? '*' : origins.split(',').map(originOf),
      methods: ['GET', 'HEAD', 'POST'],
      exposedHeaders: [...exposed],
      maxAge: MAX_AGE_SECONDS,
    })
  },
  { name: 'cors', dependencies: ['lifecycle', 'error-handler'] },
)

/** The form that browsers send: lower case, without the scheme's default port. */
function originOf(written: string): string {
  const text = written.trim()
  const { origin } = URL.canParse(text) ? new URL(text) : { origin: 'null' }
  return origin === 'null' ? text : origin
}
