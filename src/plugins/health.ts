/** /livez and /readyz. A part that is away is named in /readyz, and does not make the replica unready. */

import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Each function returns whether its part works. The gateway is ready once all parts have worked at the same time. */
    parts: Map<string, () => boolean>
    /** Parts that the gateway is ready without, such as upstreams; they are listed as degraded too. */
    optionalParts: Map<string, () => boolean>
    /** All parts have worked at the same time once. */
    readonly loaded: boolean
    /** The gateway accepts its last calls and will stop. */
    draining: boolean
    drain(): void
    /** Calls the listener when the drain begins. */
    onDrain(listener: () => void): void
  }
}

export default fp(
  async app => {
    let loaded = false
    let draining = false
    app.decorate('parts', new Map())
    app.decorate('optionalParts', new Map())
    app.decorate('loaded', {
      getter: () => (loaded ||= [...app.parts.values()].every(isThere => isThere())),
    })
    app.decorate('draining', { getter: () => draining })
    const listeners: (() => void)[] = []
    app.decorate('onDrain', (listener: () => void) => void listeners.push(listener))
    app.decorate('drain', () => {
      draining = true
      for (const listener of listeners) listener()
    })

    const asked = { logLevel: 'silent' } as const
    app.get('/livez', asked, async () => ({ status: 'ok' }))

    app.get('/readyz', asked, async (_request, reply) => {
      const away = (all: typeof app.parts) =>
        [...all].filter(([, isThere]) => !isThere()).map(([name]) => name)
      const degraded = [...new Set([...away(app.parts), ...away(app.optionalParts)])]
      if (draining) return reply.code(503).send({ status: 'draining', degraded })
      if (!app.loaded) return reply.code(503).send({ status: 'loading', degraded })
      return { status: degraded.length === 0 ? 'ok' : 'degraded', degraded }
    })

    // A load balancer that has not noticed the drain still sends calls. Each is served, and its connection is closed.
    app.addHook('onRequest', function closeWhileDraining(_request, reply, done) {
      if (draining) reply.header('connection', 'close')
      done()
    })
    // A response that is sent while draining closes its connection.
    app.addHook('onSend', function endConnection(_request, reply, _payload, done) {
      if (draining) reply.header('connection', 'close')
      done()
    })
  },
  { name: 'health' },
)
