import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { basesOf, oldestSlot, type Pace, paceOf, type Spending, slotAt } from '../../src/alerts/pace.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const start = Date.UTC(2026, 10, 23)
const day = { start, end: start + 24 * HOUR }
const LIMIT = 1_000_000_000

/** A curve: what was spent by a moment, given as a share of the day's budget. */
type Curve = (at: number) => number

/** Keeps samples as the watch does: the first look in a slot leaves one. */
function watcher(samples = new Map<number, number>()) {
  return (spending: Spending, at: number) => {
    const slot = slotAt(at, spending)
    if (!samples.has(slot)) samples.set(slot, spending.spent)
    for (const old of samples.keys()) if (old < oldestSlot(slot)) samples.delete(old)
    assert.ok(samples.size <= 36)
    return paceOf(spending, at, basesOf(samples, slot, spending.spent))
  }
}

/** Runs through the day minute by minute as the watch does: it checks changed budgets, and keeps their samples. */
function live(spent: Curve, { looks = 10_000, limit = LIMIT } = {}): { at: number; pace: Pace }[] {
  const raised: { at: number; pace: Pace }[] = []
  const see = watcher()
  let last = -1
  const step = (day.end - day.start) / looks
  for (let at = start; at < day.end; at += step) {
    const spending = { ...day, limit, spent: Math.min(limit, Math.floor(spent(at) * limit)) }
    if (spending.spent === last) continue
    last = spending.spent
    const pace = see(spending, at)
    if (pace) raised.push({ at, pace })
  }
  return raised
}

/** Evenly, from a moment on, so that `share` of the budget would be gone in a day. */
const evenly =
  (share: number, from = start): Curve =>
  at =>
    Math.max(0, ((at - from) / (24 * HOUR)) * share)

const table: { title: string; spent: Curve; first: [from: number, to: number] | undefined }[] = [
  { title: 'half the sustainable pace all day long', spent: evenly(0.5), first: undefined },
  { title: 'just the sustainable pace', spent: evenly(0.999), first: undefined },
  { title: 'a tenth too fast: within the first tenth of the day', spent: evenly(1.1), first: [2, 3] },
  { title: 'twice too fast: when a tenth is spent', spent: evenly(2), first: [1, 1.3] },
  { title: 'a hundred times too fast: within two minutes', spent: evenly(100), first: [0, 2 / 60] },
  {
    title: 'a loop that runs away at noon, after a quiet morning',
    spent: at => evenly(0.3)(at) + evenly(20, start + 12 * HOUR)(at),
    first: [12, 12.25],
  },
  {
    title: 'a spike of 8 % of the budget in an otherwise quiet day',
    spent: at => evenly(0.2)(at) + (at > start + 12 * HOUR ? 0.08 : 0),
    first: undefined,
  },
]

for (const { title, spent, first } of table) {
  test(`${title}: ${first ? 'an alert' : 'no alert'}`, () => {
    const raised = live(spent)
    if (!first) return assert.deepEqual(raised, [])
    const hours = (raised[0]!.at - start) / HOUR
    assert.ok(hours >= first[0] && hours <= first[1], `alert after ${hours} h`)
  })
}

test('a past spike raises no alert, although the long window still holds it', () => {
  const noon = start + 12 * HOUR
  const spike: Curve = at => 0.4 * Math.min(1, Math.max(0, (at - noon) / (10 * MINUTE)))
  const raised = live(at => spike(at) + evenly(0.001)(at))
  assert.ok(raised.length > 0)
  assert.ok(
    raised.every(({ at }) => at <= noon + (10 + 12) * MINUTE),
    'silent one short window later',
  )
})

test('the pace gives the time of exhaustion', () => {
  const raised = live(evenly(4, start))
  const { pace } = raised.at(-1)!
  assert.ok(Math.abs(pace.exhaustedAt - (start + 6 * HOUR)) < 10 * MINUTE)
})

test('a spent budget and an ended window have no pace', () => {
  const bases = { slot: 15, long: 0, short: 0 }
  assert.equal(paceOf({ ...day, limit: 100, spent: 100 }, start + HOUR, bases), undefined)
  assert.equal(paceOf({ ...day, limit: 100, spent: 150 }, start + HOUR, bases), undefined)
  assert.equal(paceOf({ ...day, limit: 100, spent: 50 }, day.end, bases), undefined)
  assert.equal(paceOf({ ...day, limit: 0, spent: 0 }, start + HOUR, bases), undefined)
  assert.ok(paceOf({ ...day, limit: 100, spent: 50 }, start + HOUR, bases))
})

test('spend before the first sample is not part of the pace, so that a budget set at noon raises no alert', () => {
  const see = watcher()
  for (let minutes = 0; minutes < 30; minutes++) {
    const spending = { ...day, limit: LIMIT, spent: (0.6 + minutes * 0.0001) * LIMIT }
    assert.equal(see(spending, start + 12 * HOUR + minutes * MINUTE), undefined)
  }
})

test('a time without calls leaves no samples, and counts as no spend', () => {
  const spent = (share: number) => ({ ...day, limit: LIMIT, spent: share * LIMIT })
  const see = watcher(new Map([[0, 0]]))
  see(spent(0.3), start + 2 * HOUR)
  assert.equal(see(spent(0.3001), start + 10 * HOUR), undefined)
  assert.equal(see(spent(0.31), start + 10 * HOUR + MINUTE), undefined, '1 % in the last 2 h 24 min')
  assert.ok(see(spent(0.45), start + 10 * HOUR + 2 * MINUTE), '15 % in the last 2 h 24 min')
})

/** Any day: bursts of any height and length at any time. */
const anyDay = fc
  .array(
    fc.record({
      from: fc.integer({ min: 0, max: 24 * 60 - 1 }),
      minutes: fc.integer({ min: 1, max: 600 }),
      share: fc.double({ min: 0, max: 0.7, noNaN: true }),
    }),
    { maxLength: 6 },
  )
  .map(
    (bursts): Curve =>
      at =>
        bursts.reduce((sum, { from, minutes, share }) => {
          const passed = (at - start) / MINUTE - from
          return sum + share * Math.min(1, Math.max(0, passed / minutes))
        }, 0),
  )

const options = { seed: 42, numRuns: 150 }

test('an alert means that both windows are faster than sustainable, and its time of exhaustion is before the end of the window', () => {
  fc.assert(
    fc.property(anyDay, spent => {
      for (const { at, pace } of live(spent, { looks: 1440 })) {
        assert.ok(pace.long > 1 && pace.short > 1)
        assert.ok(pace.exhaustedAt > at && pace.exhaustedAt < day.end)
        const share = Math.min(1, spent(at))
        const within = (width: number) => share - Math.min(1, spent(at - width))
        // Slots are whole, so a window may be up to a slot shorter than its name.
        assert.ok((within(144 * MINUTE) / (140 * MINUTE)) * (day.end - at) >= (1 - share) * 0.999)
        assert.ok((within(12 * MINUTE) / (8 * MINUTE)) * (day.end - at) >= (1 - share) * 0.999)
      }
    }),
    options,
  )
})

test('an even pace raises an alert before it exhausts the budget, and never if it does not', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 50, noNaN: true }), share => {
      if (share > 0.98 && share < 1.05) return
      const raised = live(evenly(share), { looks: 4000 })
      assert.equal(raised.length > 0, share > 1, `${share}`)
    }),
    options,
  )
})

test('a larger budget raises no alert if a smaller one raises none', () => {
  fc.assert(
    fc.property(anyDay, fc.double({ min: 1, max: 5, noNaN: true }), (spent, factor) => {
      const small = new Set(live(spent, { looks: 720 }).map(({ at }) => at))
      const large = live(at => spent(at) / factor, { looks: 720 })
      // An exhausted budget has no pace.
      for (const { at } of large) if (spent(at) < 1) assert.ok(small.has(at))
    }),
    options,
  )
})
