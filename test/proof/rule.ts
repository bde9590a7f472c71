/** What a call may have been charged, judged by what the provider did for it. */

import assert from 'node:assert/strict'
import type { Call as Served } from '../provider.ts'
import { priceOf, type Row } from './books.ts'
import type { Call } from './traffic.ts'

const IN = 1000
const OUT = 5000
/** Bytes of `wörd 7 `, one text delta of a slow stream. */
const DELTA = 8
/** A prompt whose size nobody reported is taken for a token every four bytes. */
const BYTES_PER_TOKEN = 4

/**
 * The stated rule: a final usage is charged as reported; an error status, or a call that was never sent, costs nothing;
 * anything else that was sent costs the hold, but a stream whose output was seen costs its input and what was seen.
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
  if (!call.stream) {
    assert.equal(row.cost, row.held, why)
  } else if (ending === 'die' && !call.leaves) {
    assert.equal(row.cost, Math.min(row.held, input + Math.max(1, after * DELTA) * OUT), why)
  } else if (ending === 'reset') {
    // Whether the first frames overtook the reset is chance.
    assert.ok([row.held, input + OUT, guess].includes(row.cost), why)
  } else {
    assert.ok(row.cost >= Math.min(row.held, input, guess) && row.cost <= row.held, why)
  }
}
