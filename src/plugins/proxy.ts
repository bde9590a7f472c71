/** The routes of calls. Each call is sent to its upstream, and again to another one if that fails before the response begins. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { dialects } from '../dialects/index.ts'
import type { Scanned } from '../dialects/wire/json-limits.ts'
import { callerGone, type Refusal } from '../errors.ts'

const RELEASED: Scanned = { members: [], texts: [] }

export default fp(
  async app => {
    for (const dialect of dialects) {
      app.post(dialect.path, { config: { dialect } }, function forwardCall(request, reply) {
        const response = forward(request, reply)
        app.finishFirst(request, response)
        return response
      })
    }

    /** Resolves to a collected response, or to the reply after a passed one. Rejects with a refusal. */
    function forward(request: FastifyRequest, reply: FastifyReply): Promise<Buffer | FastifyReply> {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer | FastifyReply>()
      // The parsed body is read before; a long stream would keep it.
      request.body = undefined
      request.bodyScan = RELEASED
      /** Ends the preparation of the next attempt. */
      let between: AbortController | undefined
      let leaveAttempt = app.startAttempt({ request, reply, resolve, fail })
      reply.raw.once('close', () => {
        between?.abort(callerGone())
        leaveAttempt()
      })
      return promise

      /**
       * The attempt has failed before the response began, maybe before `startAttempt` returned. `isFinal`: no other attempt
       * follows.
       */
      function fail(error: Refusal, isFinal: boolean) {
        const stop = new AbortController()
        const ready = isFinal ? undefined : app.prepareRetry(request, reply, error, stop.signal)
        if (!ready) return reject(app.errorForCaller(request, error))
        between = stop
        request.cut = cutBetween
        function cutBetween(reason: Refusal) {
          stop.abort(reason)
        }
        const tryAgain = () => {
          app.restartMeter(request)
          reply.removeHeader('x-tollgate-upstream')
          leaveAttempt = app.startAttempt({ request, reply, resolve, fail })
        }
        ready.then(tryAgain).catch(reject)
      }
    }
  },
  {
    name: 'proxy',
    dependencies: ['admission', 'attempt', 'call', 'lifecycle', 'retry', 'usage'],
    decorators: {
      fastify: ['errorForCaller', 'finishFirst', 'prepareRetry', 'restartMeter', 'startAttempt'],
      request: ['bodyScan', 'cut'],
    },
  },
)
