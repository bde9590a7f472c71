/** What the rules demand of the charges of one call, given what each upstream was asked and what it reported. */

import assert from 'node:assert/strict'
import { priceOf } from '../reconciliation.ts'
import type { Row } from './rows.ts'
import { type Asked, bodyOf, type Ran } from './run.ts'
import { MODELS, type ModelName, type Planned, servedOf, TIMEOUTS, type Trial, UPSTREAMS } from './trial.ts'

const PER_MESSAGE = 32
/** Unreported input counts as at least a token every four bytes of text. */
const BYTES_PER_TOKEN = 4

function multiplierAt({ multipliers }: Trial, upstream: Asked['upstream']): number {
  return multipliers[UPSTREAMS.indexOf(upstream)]!
}

function isFree({ request: { status } }: Asked): boolean {
  return status !== undefined && status >= 400
}

/** Nano-dollars of a response that reported its usage. */
export function exactly(trial: Trial, { upstream, request }: Asked): number {
  return multiplierAt(trial, upstream) * priceOf(request)
}

/** The most that the call can cost at its most expensive target, by the size of its prompt. */
export function highest(trial: Trial, call: Planned): number {
  const input = bodyOf(trial, call).length + PER_MESSAGE
  const costs = trial.routes[call.route]!.targets.map(({ upstream, model }) => {
    const rates = MODELS[model]
    return multiplierAt(trial, upstream) * (input * rates.in + call.ceiling * rates.out)
  })
  return Math.max(...costs)
}

/** The gateway may have given up: the shortest time of an attempt is 500 ms, unless its upstream has a time-out of its own. */
function isLate({ upstream, upstreamMs = 0 }: Row): boolean {
  return upstreamMs >= 0.9 * Math.min(500, 1000 * (TIMEOUTS[upstream] ?? 1))
}

/** A charge without a final usage: at least the input, at most the hold. */
function assertEstimated(trial: Trial, call: Planned, row: Row, { upstream, request }: Asked, why: string) {
  assert.ok(row.estimated, why)
  assert.ok(!request.reported || call.leavesMs !== undefined || isLate(row), `its usage was reported: ${why}`)
  const model = JSON.parse(request.body.toString()).model as ModelName
  const guess = Math.ceil(call.words / BYTES_PER_TOKEN)
  const input = Math.min(guess, servedOf(call).input)
  assert.ok(row.cost >= input * MODELS[model].in * multiplierAt(trial, upstream), why)
}

/** The rows of one call, in order, against the requests that upstreams got for it, in order. */
export function assertCharges(
  { trial }: Pick<Ran, 'trial'>,
  call: Planned,
  rows: Row[],
  asked: Asked[],
): void {
  const why = JSON.stringify({
    call,
    rows,
    asked: asked.map(({ upstream, request: { scenario, status, reported, aborted } }) => ({
      upstream,
      status,
      reported,
      aborted,
      ending: scenario.ending,
    })),
  })
  const [first] = rows
  assert.deepEqual(
    rows.map(({ id }) => id),
    rows.map((_, i) => (i === 0 ? first?.id : `${first?.id}~${i + 1}`)),
    `consecutive ids: ${why}`,
  )
  // Only a charged attempt makes the next one hold something of its own.
  assert.ok(
    rows.slice(0, -1).every(({ cost }) => cost > 0),
    why,
  )
  const left = [...asked]
  for (const [i, row] of rows.entries()) {
    assert.ok(row.cost <= row.held && row.held <= highest(trial, call), `more than the bound: ${why}`)
    if (row.cost === 0) continue
    if (row.outcome === 'lost') {
      assert.equal(row.cost, row.held, why)
      // The replica died during this attempt or before it.
      assert.ok(left.splice(0).filter(one => !isFree(one)).length <= 1, `served, and not charged: ${why}`)
      continue
    }
    // Only requests of the same upstream have an order: another one may read its request later.
    const theirs = left.filter(one => one.upstream === row.upstream && !isFree(one))
    const later = rows.slice(i + 1).filter(({ cost, upstream }) => cost > 0 && upstream === row.upstream)
    // The gateway may give up before the upstream has read the request, or while it sends an error.
    const mayBeUnread = row.estimated && (isLate(row) || call.leavesMs !== undefined)
    if (mayBeUnread && theirs.length <= later.length) continue
    const [its] = theirs
    assert.ok(its, `not asked: ${why}`)
    const at = left.indexOf(its)
    // Requests before it may have no row if the caller left.
    if (call.leavesMs === undefined) left.splice(at, 1)
    else left.splice(0, at + 1)
    if (row.estimated) assertEstimated(trial, call, row, its, why)
    else assert.equal(row.cost, exactly(trial, its), why)
  }
  assert.ok(left.every(isFree), `served, and not charged: ${why}`)
}
