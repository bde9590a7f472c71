/** Each call as a span, in the trace of whoever made it; its context goes up with the call, and its id into the log line. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { samplerOf } from '../config/otlp-options.ts'
import { beginTrace, type Trace, upstreamContext } from '../telemetry/traces/context.ts'
import { spansOf } from '../telemetry/traces/spans.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined where nobody wants traces. */
    trace: Trace | undefined
    /** Headers of the gateway's own that go up with the call. */
    outgoing: Record<string, string> | undefined
  }
}

export default fp<{ sampler: string; ratio: number }>(
  async (app, { sampler, ratio }) => {
    app.decorateRequest('trace')
    app.decorateRequest('outgoing')
    const { spans } = app
    if (!spans) return
    const isSampled = samplerOf(sampler, ratio)

    app.addHook('preHandler', function passTraceOn(request, _reply, done) {
      if (request.call) request.outgoing = upstreamContext(traceOf(request))
      done()
    })

    // The log line names the trace, also of a call that was refused before it was read.
    app.onCallEnd('record', function completeTrace(request) {
      if (request.entry) traceOf(request)
    })
    app.onCallEnd('observe', function traceCall(request) {
      const { entry, trace } = request
      if (entry && trace?.sampled) spans.push(spansOf(request, entry, trace))
    })

    function traceOf(request: FastifyRequest): Trace {
      request.trace ??= beginTrace(request.headers, isSampled)
      return request.trace
    }
  },
  { name: 'traces', dependencies: ['lifecycle', 'otlp', 'record'] },
)
