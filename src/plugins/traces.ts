/** Makes the spans of each call, in the trace of its client. The upstream gets the trace context, and the log line has the trace id. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { samplerOf } from '../config/otlp-options.ts'
import { beginTrace, randomId, type Trace, upstreamContext } from '../telemetry/traces/context.ts'
import { spansOf } from '../telemetry/traces/spans.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Gives the next attempt a span of its own. Returns the id of the failed attempt's span; undefined: tracing is off. */
    nextUpstreamSpan(request: FastifyRequest): string | undefined
  }
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
    app.decorate('nextUpstreamSpan', request => {
      const { trace } = request
      if (!trace) return undefined
      const { upstreamSpanId } = trace
      trace.upstreamSpanId = randomId(8)
      request.outgoing = upstreamContext(trace)
      return upstreamSpanId
    })
    const { spans } = app
    if (!spans) return
    const isSampled = samplerOf(sampler, ratio)

    app.addHook('preHandler', function propagateTrace(request, _reply, done) {
      if (request.call) request.outgoing = upstreamContext(traceOf(request))
      done()
    })

    // A call that is refused before its body is read has a trace id in its log line too.
    app.onCallEnd('record', function completeTrace(request) {
      if (request.entry) traceOf(request)
    })
    app.onCallEnd('observe', function traceCall(request) {
      const { entry, trace } = request
      if (entry && trace?.sampled) spans.push(spansOf(request, entry, trace, spans.origin))
    })

    function traceOf(request: FastifyRequest): Trace {
      request.trace ??= beginTrace(request.headers, isSampled)
      return request.trace
    }
  },
  {
    name: 'traces',
    dependencies: ['call', 'lifecycle', 'otlp', 'record'],
    decorators: { fastify: ['onCallEnd', 'spans'], request: ['call', 'entry'] },
  },
)
