/** W3C Trace Context: where a call belongs in a trace that may have begun before it and goes on at the provider. */

import { randomFillSync } from 'node:crypto'
import type { Sampler } from '../../config/otlp-options.ts'

/** A call's place in a trace. Ids are lower-case hex, of 16 and 8 bytes. */
export interface Trace {
  traceId: string
  spanId: string
  /** The caller's span; undefined where the trace begins here. */
  parentId: string | undefined
  /** Of the call to the provider. */
  upstreamSpanId: string
  sampled: boolean
  /** The caller's `tracestate`, passed on as it is. */
  state: string | undefined
  /** Were the id's last 7 bytes chosen at random? Then whoever samples later can go by them. */
  random: boolean
}

const SAMPLED = 1
const RANDOM = 2

/** Version, ids, flags; versions after 00 may add more behind them, and ff is none. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NOTHING = /^0+$/
/** What a receiver must pass on at least; of more, nothing. */
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

/** The headers of the call to the provider: its span is the parent of whatever happens there. */
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

/** Random bytes are fetched in bulk: one at a time they cost microseconds. */
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
