/** The W3C Trace Context, the samplers, and lists of names and values. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPairs, samplerOf } from '../../../src/config/otlp-options.ts'
import { beginTrace, upstreamContext } from '../../../src/telemetry/traces/context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const always = samplerOf('parentbased_always_on', 1)

test('a call joins the trace of its client', () => {
  const trace = beginTrace({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=1' }, always)

  assert.equal(trace.traceId, TRACE)
  assert.equal(trace.parentId, SPAN)
  assert.deepEqual(upstreamContext(trace), {
    traceparent: `00-${TRACE}-${trace.upstreamSpanId}-01`,
    tracestate: 'a=1',
  })
})

test('a later version of traceparent is read', () => {
  assert.equal(beginTrace({ traceparent: `cc-${TRACE}-${SPAN}-01-more` }, always).traceId, TRACE)
})

for (const [title, traceparent] of [
  ['missing', undefined],
  ['nonsense', 'hello'],
  ['sent twice', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
  ['in capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['of version ff', `ff-${TRACE}-${SPAN}-01`],
  ['longer than its version', `00-${TRACE}-${SPAN}-01-more`],
  ['without a trace id', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['without a span id', `00-${TRACE}-${'0'.repeat(16)}-01`],
] as const) {
  test(`a new trace begins if traceparent is ${title}`, () => {
    const trace = beginTrace({ traceparent, tracestate: 'a=1' }, always)

    assert.match(trace.traceId, /^[0-9a-f]{32}$/)
    assert.notEqual(trace.traceId, TRACE)
    assert.equal(trace.parentId, undefined)
    assert.match(upstreamContext(trace).traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/)
    assert.equal(trace.state, undefined)
  })
}

test('a tracestate that is too long or not of printable characters is left out', () => {
  for (const tracestate of [`a=${'1'.repeat(600)}`, 'a=\u00e9'])
    assert.equal(beginTrace({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate }, always).state, undefined)
})

test('ids do not repeat', () => {
  const ids = new Set(Array.from({ length: 2000 }, () => beginTrace({}, always).traceId))

  assert.equal(ids.size, 2000)
})

const cases: [sampler: string, parent: boolean | undefined, sampled: boolean][] = [
  ['always_on', false, true],
  ['always_off', true, false],
  ['parentbased_always_on', undefined, true],
  ['parentbased_always_on', false, false],
  ['parentbased_always_off', undefined, false],
  ['parentbased_always_off', true, true],
  ['parentbased_traceidratio', true, true],
]
for (const [name, parent, sampled] of cases) {
  test(`${name} ${sampled ? 'samples' : 'skips'} a trace if the sampled flag of its parent is ${parent}`, () => {
    assert.equal(samplerOf(name, 0)(TRACE, parent), sampled)
  })
}

test('a ratio samples its part of all traces, and a smaller ratio samples a subset of them', () => {
  const ids = Array.from({ length: 4000 }, () => beginTrace({}, always).traceId)
  const taken = (ratio: number) => ids.filter(id => samplerOf('traceidratio', ratio)(id, undefined))

  assert.equal(taken(0).length, 0)
  assert.equal(taken(1).length, 4000)
  const quarter = taken(0.25)
  assert.ok(quarter.length > 800 && quarter.length < 1200, `${quarter.length} of 4000`)
  const tenth = new Set(taken(0.1))
  assert.ok([...tenth].every(id => quarter.includes(id)))
})

test('a list of names and values is read as OpenTelemetry writes it', () => {
  assert.deepEqual(readPairs('a=1, b=two%20words,c=x=y,nonsense'), { a: '1', b: 'two words', c: 'x=y' })
  assert.deepEqual(readPairs(undefined), {})
})
