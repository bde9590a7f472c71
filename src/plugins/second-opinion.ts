/**
 * A second opinion on the bound. A prompt's bytes are a safe bound on its tokens, and several times too high: where a
 * budget refuses a call for nothing else, the provider's own counter is asked before the caller hears no.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { collectError } from '../answers.ts'
import { upstreamHeaders } from '../headers.ts'
import { UNLIMITED } from '../lua/index.ts'
import { send } from '../upstream.ts'
import { neededNanos } from './bounds.ts'
import type { Refused } from './claims.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Asks, where that can help; true: the bound is tighter now, and the call should be decided again. */
    askSecondOpinion(request: FastifyRequest, refused: Refused): Promise<boolean>
  }
}

/** Milliseconds: somebody is waiting. */
const PATIENCE = 5000
/** Questions under way at once; each keeps a prompt a second time. */
const AT_ONCE = 16
/** The counter calls its own answer an estimate. */
const MARGIN = 1.05
/** For so long an upstream without a counter for a model is not asked again. */
const WITHOUT = 600_000

/** The upstream has no such route, or not for this model. */
const NOT_THERE = [404, 405, 501]

export default fp(
  async app => {
    const without = new Map<string, number>()
    let underway = 0

    app.decorate('askSecondOpinion', async (request, refused) => {
      const { call, route, claims } = request
      const { counter } = call.dialect
      const name = `${route.upstream.name}/${route.price.model}`
      if (!counter || route.price.maker !== call.dialect.family || request.countedInput !== undefined)
        return false
      if (underway >= AT_ONCE || performance.now() < (without.get(name) ?? 0)) return false
      if (!canHelp(request, refused)) return false
      const question = counter.question(request.body, call.ask)
      if (!question) return false
      underway++
      try {
        const { status, body } = await ask(request, counter.target(call.target), question)
        if (NOT_THERE.includes(status)) without.set(name, performance.now() + WITHOUT)
        const tokens = status === 200 ? counter.tokens(body) : undefined
        if (tokens === undefined) throw new Error(`the provider answered ${status}`)
        request.countedInput = Math.ceil(tokens * MARGIN)
        const bytesNanos = claims.nanos
        app.decide(request)
        return request.claims.nanos < bytesNanos
      } catch (error) {
        app.log.debug({ err: error, reqId: request.id }, 'no second opinion')
        return false
      } finally {
        underway--
      }
    })
  },
  { name: 'second-opinion', dependencies: ['budget', 'models'] },
)

/** Would the call fit, or fit once others have ended, if its prompt were as long as prompts of its size usually are? */
function canHelp(request: FastifyRequest, { verdict, states }: Refused): boolean {
  if (verdict === undefined) return false
  const usual = neededNanos(request, performance.now(), request.call.ask.inputGuess)
  return states.every(({ day, month }) =>
    [day, month].every(window => {
      if (!window || window.limitNanos === UNLIMITED) return true
      const held = verdict === 'in_flight' ? window.heldNanos : 0
      return window.spentNanos + held + usual <= window.limitNanos
    }),
  )
}

function ask(
  request: FastifyRequest,
  target: string,
  question: Buffer,
): Promise<{ status: number; body: Buffer }> {
  const { pool, prefix } = request.route.upstream
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>()
  const fail = (failure: string) => reject(new Error(failure))
  const path = prefix + target
  const line = send(
    pool,
    { method: 'POST', path, headers: upstreamHeaders(request), body: question },
    { head: status => collectError({ whole: body => resolve({ status, body }), fail }), fail },
  )
  const patience = setTimeout(line.abort, PATIENCE)
  return promise.finally(() => clearTimeout(patience))
}
