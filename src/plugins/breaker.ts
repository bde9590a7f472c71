/**
 * The circuit of a refused key: while a provider refuses our key or account for a model, calls for that model fail fast with
 * the same error. Other models are not affected, since a provider may refuse an account a single model.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Refusal, type RefusalCode, refusal, retryAfter } from '../errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Updates the circuit from the provider's response, before the caller gets it. Without `error` the call was accepted. */
    learnFromUpstream(request: FastifyRequest, error: Refusal | undefined): void
  }
  interface FastifyRequest {
    /** The pass that the circuit gave the call; undefined: none. */
    circuitPass: number | undefined
  }
}

/** Errors of a provider that has accepted the key: the request is at fault, or too many were sent. */
const ACCEPTED: ReadonlySet<string> = new Set<RefusalCode>([
  'invalid_request',
  'not_found',
  'request_too_large',
  'unprocessable',
  'upstream_forbidden',
  'upstream_rate_limited',
])

export default fp(
  async app => {
    app.decorateRequest('circuitPass')

    // After the admission: a cached response needs no provider, and the end of the call gives back the reservation.
    app.addHook('preHandler', function checkCircuit(request, reply, done) {
      // A provider accepts a free call in spite of an unpaid bill, so it must not close the circuit.
      if (!request.admitted || !request.call.dialect.paid) return done()
      const { circuits, model } = circuitOf(request)
      const entry = circuits.enter(model)
      if ('refused' in entry) return done(refusedByCircuit(entry))
      request.circuitPass = entry.pass
      // The response is still read after its caller has left. The circuit does not wait for that.
      reply.raw.on('close', () => circuits.leave(model, entry.pass))
      done()
    })

    app.decorate('learnFromUpstream', (request, error) => {
      const { circuitPass: pass, attempt } = request
      if (pass === undefined) return
      const { circuits, model, name } = circuitOf(request)
      if (error?.code === 'upstream_refused_us') {
        const openMs = circuits.refused(model, pass, error)
        if (openMs !== undefined)
          app.log.warn(
            { upstream: name, openMs, error: error.reason },
            'the provider refuses us; calls to it fail fast',
          )
      } else if (error ? ACCEPTED.has(error.code) : attempt?.isSuccess) {
        if (circuits.accepted(model, pass)) app.log.info({ upstream: name }, 'the provider accepts us again')
      } else circuits.leave(model, pass)
    })

    // The provider may accept the new key.
    app.secrets.onChange(() => {
      for (const { circuits } of app.upstreams.all()) circuits.reset()
    })
  },
  {
    name: 'breaker',
    dependencies: ['admission', 'call', 'models', 'secrets', 'upstreams'],
    decorators: { fastify: ['secrets', 'upstreams'], request: ['admitted', 'call', 'route'] },
  },
)

function circuitOf({ route }: FastifyRequest) {
  const { upstream, price } = route
  return { circuits: upstream.circuits, model: price.model, name: `${upstream.name}/${price.model}` }
}

function refusedByCircuit({ refused, retryMs }: { refused: Refusal; retryMs: number }): Refusal {
  const { code, details, headers, message, reason } = refused
  const wait = retryAfter(retryMs)
  return refusal(code, message, {
    details: { ...details, retry_after_ms: Number(wait['retry-after-ms']) },
    headers: { ...headers, ...wait },
    reason: `${reason}; the circuit is open`,
  })
}
