/** The end of a call: its steps run once, in the order of their phases, after the last byte or the abort. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { DenseSet, type Placed } from '../requests/dense-set.ts'

/**
 * price: computes the cost. record: collects the facts. settle: releases the hold and charges the cost. observe: logs,
 * metrics, traces, alerts and estimates read the facts.
 */
export const PHASES = ['price', 'record', 'settle', 'observe'] as const
export type Phase = (typeof PHASES)[number]

/** A step at the end of a call. It is idempotent, and it does not change the reply. */
export type EndStep = (request: FastifyRequest, reply: FastifyReply) => void

export interface RunningCall extends Placed {
  request: FastifyRequest
  reply: FastifyReply
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Registers a named step. It runs once for each call, in its phase. */
    onCallEnd(phase: Phase, step: EndStep): void
    /** The steps in the order in which they run, such as `settle: settleCall`. */
    callEndSteps(): string[]
    /** The end of the call waits for `work`, such as a response that is still read after its caller has left. */
    finishFirst(request: FastifyRequest, work: Promise<unknown>): void
    /** Calls between their arrival and the end of their last step. */
    running: DenseSet<RunningCall>
    /** Resolves once no call runs. */
    idle(): Promise<void>
  }
  interface FastifyRequest {
    /** When the call arrived, on the monotonic clock, milliseconds. */
    arrivedAt: number
    /** The caller left before the end of the response. */
    disconnected: boolean
    /** The caller left before the headers of the response were written. */
    leftEarly: boolean
    /** The end of the call waits for this work. */
    unfinished: Promise<unknown> | undefined
  }
}

/** After an early response the rest of the request body is read for this long (ms), so that the caller gets the response instead of EPIPE. */
const DISCARD_LIMIT = 2000

export default fp(
  async app => {
    const steps: Record<Phase, EndStep[]> = { price: [], record: [], settle: [], observe: [] }
    const waiting: (() => void)[] = []
    app.decorate('running', new DenseSet<RunningCall>())
    app.decorate('onCallEnd', (phase: Phase, step: EndStep) => void steps[phase].push(step))
    app.decorate('callEndSteps', () =>
      PHASES.flatMap(phase => steps[phase].map(({ name }) => `${phase}: ${name}`)),
    )
    app.decorate('finishFirst', (request: FastifyRequest, work: Promise<unknown>) => {
      request.unfinished = work.catch(() => {})
    })
    app.decorate('idle', () =>
      app.running.size === 0 ? Promise.resolve() : new Promise<void>(resolve => void waiting.push(resolve)),
    )
    app.decorateRequest('arrivedAt', 0)
    app.decorateRequest('disconnected', false)
    app.decorateRequest('leftEarly', false)
    app.decorateRequest('unfinished', undefined)

    // On an aborted POST neither onResponse nor onRequestAbort fires; `close` comes exactly once in every ending.
    app.addHook('onRequest', function watchCallEnd(request, reply, done) {
      request.arrivedAt = performance.now()
      const call: RunningCall = { request, reply, place: -1 }
      app.running.add(call)
      reply.raw.on('close', () => {
        request.disconnected = !reply.raw.writableFinished
        request.leftEarly = !reply.raw.headersSent
        discardBody(request)
        if (request.unfinished) request.unfinished.then(() => endCall(call))
        else endCall(call)
      })
      done()
    })

    function endCall(call: RunningCall) {
      const { request, reply } = call
      for (const phase of PHASES) for (const step of steps[phase]) run(step, request, reply)
      app.running.delete(call)
      if (app.running.size === 0) for (const resolve of waiting.splice(0)) resolve()
    }
  },
  { name: 'lifecycle' },
)

/** A step that fails does not stop the others. */
function run(step: EndStep, request: FastifyRequest, reply: FastifyReply) {
  try {
    step(request, reply)
  } catch (error) {
    request.log.error(
      { err: error, reqId: request.id, step: step.name },
      'a step at the end of a call failed',
    )
  }
}

function discardBody({ raw }: FastifyRequest) {
  if (raw.complete || raw.destroyed) return
  raw.resume()
  const deadline = setTimeout(() => raw.destroy(), DISCARD_LIMIT)
  raw.once('close', () => clearTimeout(deadline))
  raw.once('end', () => clearTimeout(deadline))
}
