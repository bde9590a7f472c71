/** Makes a span for each call, in the caller's trace. The context is sent to the upstream, and the log line names the trace. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { samplerOf } from '../config/otlp-options.ts'
import { beginTrace, type Trace, upstreamContext } from '../telemetry/traces/context.ts'
import { spansOf } from '../telemetry/traces/spans.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined if tracing is off. */
    trace: Trace | undefined
    /** Headers that the gateway adds to the request to the upstream. */
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
