/** The charges allowed for a call, given the provider's record of it. */

import assert from 'node:assert/strict'
import type { Call as Served } from '../provider.ts'
import { priceOf, type Row } from './reconciliation.ts'
import type { Call } from './traffic.ts'

const IN = 1000
const OUT = 5000
/** Bytes of `wörd 7 `, one text delta of a slow stream. */
const DELTA = 8
/** Unreported input counts as at least a token every four bytes. */
const BYTES_PER_TOKEN = 4
/** The price table's highest output rate of claude-haiku-4-5, tokens a second; written out here once more. */
const RATE = 700

/**
 * The stated rule: a final usage is charged as reported; an error status, or a call that was never sent, costs nothing; a
 * call that was cut costs its input, and the output that its time allows or that was received, at most its hold.
 */
export function assertCharged(row: Row, call: Call, served: Served | undefined): void {
  const why = `call ${call.number}, ${row.id}: ${JSON.stringify({ ...row, position: undefined })}`
  if (!served || (served.status ?? 200) >= 400) assert.equal(row.cost, 0, why)
  else if (row.estimated) assertEstimated(row, call, served, why)
  else {
    assert.ok(served.reported, `a final usage that the provider never sent: ${why}`)
    assert.equal(row.cost, priceOf(served), why)
  }
}

function assertEstimated(row: Row, call: Call, served: Served, why: string): void {
  // Only a stream that its caller left may miss a usage that the provider has sent.
  assert.ok(!served.reported || (call.stream && call.leaves), `its usage was reported: ${why}`)
  const { ending, after = 0 } = served.scenario
  const input = served.served[0]!.input * IN
  const guess = Math.ceil(call.body.length / BYTES_PER_TOKEN) * IN
  assert.ok(row.cost <= row.held, why)
  if (!call.stream) {
    assert.ok(row.cost >= guess + leastOutput(call, 0) * OUT, why)
  } else if (ending === 'die' && !call.leaves) {
    const received = Math.max(1, after * DELTA)
    const output = (row.cost - input) / OUT
    assert.ok(Number.isInteger(output), why)
    assert.ok(output >= leastOutput(call, received) && output <= mostOutput(row, call, received), why)
  } else {
    // Whether the response had begun when the connection ended is chance.
    assert.ok(row.cost >= Math.min(input, guess), why)
  }
}

function ceilingOf({ body }: Call): number {
  return Number(JSON.parse(body).max_tokens)
}

/** The second that every cut call is charged, or what was received. */
function leastOutput(call: Call, received: number): number {
  return Math.min(ceilingOf(call), Math.max(received, RATE))
}

/** The response was open no longer than from the admission to the settlement. */
function mostOutput({ at, settledAt }: Row, call: Call, received: number): number {
  const seconds = (settledAt - at) / 1000 + 1
  return Math.min(ceilingOf(call), Math.max(received, Math.ceil(RATE * seconds)))
}
