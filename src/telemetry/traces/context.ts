/** Reads and writes the W3C Trace Context of a call. */

import { randomFillSync } from 'node:crypto'
import type { Sampler } from '../../config/otlp-options.ts'

/** Ids are lower-case hex: 16 bytes for a trace, 8 for a span. */
export interface Trace {
  traceId: string
  spanId: string
  /** The client's span. Undefined if the trace begins here. */
  parentId: string | undefined
  /** The span of the running request to an upstream, or of the last one. */
  upstreamSpanId: string
  sampled: boolean
  /** The client's `tracestate`, which is passed on unchanged. */
  state: string | undefined
  /** Whether the last 7 bytes of the trace id are random. Later samplers may use them. */
  random: boolean
}

const SAMPLED = 1
const RANDOM = 2

/** Version, ids, flags. Versions after 00 may add fields. Version ff is invalid. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NOTHING = /^0+$/
/** The standard requires 512 characters. A longer value is not passed on. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/

export function beginTrace(headers: Readonly<Record<string, unknown>>, sampler: Sampler): Trace {
  const parent = readParent(headers.traceparent)
  const traceId = parent?.traceId ?? randomId(16)
  const state = headers.tracestate
  return {
    traceId,
    spanId: randomId(8),
    parentId: parent?.spanId,
    upstreamSpanId: randomId(8),
    sampled: sampler(traceId, parent && (parent.flags & SAMPLED) !== 0),
    state: parent && typeof state === 'string' && TRACESTATE.test(state) ? state : undefined,
    random: !parent || (parent.flags & RANDOM) !== 0,
  }
}

/** The headers of the upstream request. Its span is the parent of the upstream's spans. */
export function upstreamContext({
  traceId,
  upstreamSpanId,
  sampled,
  random,
  state,
}: Trace): Record<string, string> {
  const flags = (sampled ? SAMPLED : 0) | (random ? RANDOM : 0)
  const traceparent = `00-${traceId}-${upstreamSpanId}-0${flags}`
  return state === undefined ? { traceparent } : { traceparent, tracestate: state }
}

function readParent(header: unknown): { traceId: string; spanId: string; flags: number } | undefined {
  const found = typeof header === 'string' ? TRACEPARENT.exec(header) : null
  const [, version, traceId, spanId, flags, more] = found ?? []
  if (!traceId || !spanId || !flags || (version === '00' && more !== undefined)) return undefined
  if (NOTHING.test(traceId) || NOTHING.test(spanId)) return undefined
  return { traceId, spanId, flags: Number.parseInt(flags, 16) }
}

/** Random bytes are drawn in bulk: a single draw costs microseconds. */
const pool = Buffer.alloc(4096)
let used = pool.length

export function randomId(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}
