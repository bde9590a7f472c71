/** The one exit door: whatever must happen once a call is over hangs on `app.onSettled`, and nowhere else. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

export type Settler = (request: FastifyRequest, reply: FastifyReply) => void

declare module 'fastify' {
  interface FastifyInstance {
    /** Registers a settler; they run in order of registration, once per call, after its last byte or its abort. */
    onSettled(settler: Settler): void
    /** Calls between their arrival and the end of their settling. */
    running: Map<FastifyRequest, FastifyReply>
    /** Resolves once nothing runs any more. */
    idle(): Promise<void>
  }
  interface FastifyRequest {
    /** When the call arrived, on the monotonic clock, milliseconds. */
    arrivedAt: number
    /** The caller left before the answer was whole. */
    disconnected: boolean
    /** Work that goes on after the caller has gone, such as an answer that is paid for anyway: the door waits for it. */
    unfinished: Promise<void> | undefined
  }
}

/** A caller still sending its body after an early answer is read for this long, so that it gets the answer and no EPIPE. */
const LINGER = 2000

export default fp(
  async app => {
    const settlers: Settler[] = []
    const waiting: (() => void)[] = []
    app.decorate('running', new Map<FastifyRequest, FastifyReply>())
    app.decorate('onSettled', (settler: Settler) => void settlers.push(settler))
    app.decorate('idle', () =>
      app.running.size === 0 ? Promise.resolve() : new Promise<void>(resolve => void waiting.push(resolve)),
    )
    app.decorateRequest('arrivedAt', 0)
    app.decorateRequest('disconnected', false)
    app.decorateRequest('unfinished', undefined)

    // On an aborted POST neither onResponse nor onRequestAbort fires; `close` comes exactly once in every ending.
    app.addHook('onRequest', function armExitDoor(request, reply, done) {
      request.arrivedAt = performance.now()
      app.running.set(request, reply)
      reply.raw.once('close', () => {
        request.disconnected = !reply.raw.writableFinished
        linger(request)
        if (request.unfinished) request.unfinished.then(() => settle(request, reply))
        else settle(request, reply)
      })
      done()
    })

    function settle(request: FastifyRequest, reply: FastifyReply) {
      for (const settler of settlers) {
        try {
          settler(request, reply)
        } catch (error) {
          request.log.error({ err: error, reqId: request.id }, 'a settler failed')
        }
      }
      app.running.delete(request)
      if (app.running.size === 0) for (const resolve of waiting.splice(0)) resolve()
    }
  },
  { name: 'lifecycle' },
)

function linger({ raw }: FastifyRequest) {
  if (raw.complete || raw.destroyed) return
  raw.resume()
  const deadline = setTimeout(() => raw.destroy(), LINGER)
  raw.once('close', () => clearTimeout(deadline))
  raw.once('end', () => clearTimeout(deadline))
}
