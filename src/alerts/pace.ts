/**
 * Pace: will the money be gone before its window ends? Asked as service levels ask it of their error budgets, by the burn
 * rate over two windows at once (Google, The Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts").
 *
 *     burn(w) = [spent(now) - spent(now - w)] / w  *  (end - now) / [limit - spent(now)]
 *
 * is 1 where the pace of the last w spends exactly what is left by the end. It must be above 1 over both
 *
 *     long  = a tenth of the window    day: 2 h 24 min    month of 30 days: 3 d
 *     short = a twelfth of that        day: 12 min        month of 30 days: 6 h
 *
 * which is that chapter's slowest pair. To the long one a spike is no more than what it has spent, and below a tenth of
 * the budget that raises no alarm; the short one falls silent as soon as a spike is over. What lies before the window's
 * start counts as silence: there too it takes about a tenth of the budget to be told, however fast that was spent.
 *
 * `spent` over time is kept as samples, one a slot (a third of the short window): what the last look in that slot saw.
 * Nothing moves without being looked at: where a sample is missing nothing was spent, so silence costs no samples.
 */

export interface Spending {
  /** Nano-dollars. */
  limit: number
  spent: number
  /** The budget's window, milliseconds. */
  start: number
  end: number
}

/** What was spent by the end of a slot; slots count from the window's start. */
export type Samples = ReadonlyMap<number, number>

export interface Pace {
  /** Burn rates: 2 spends what is left in half the time. */
  long: number
  short: number
  /** When it is spent at the pace of the short window, milliseconds. */
  exhaustedAt: number
}

const LONG = 1 / 10
const SHORT = LONG / 12
const SLOT = SHORT / 3

/** The pace, where it spends the budget before its end; undefined where it does not, or the budget is spent already. */
export function paceOf(spending: Spending, now: number, samples: Samples): Pace | undefined {
  const { limit, spent, start, end } = spending
  const left = limit - spent
  if (left <= 0 || now >= end) return undefined
  const burn = (part: number) => (rateOver(part * (end - start), spending, now, samples) * (end - now)) / left
  const [long, short] = [burn(LONG), burn(SHORT)]
  if (long <= 1 || short <= 1) return undefined
  return { long, short, exhaustedAt: now + (end - now) / short }
}

/**
 * The samples with what is seen now, and without those that nobody asks for any more: all before the newest one that lies
 * behind the long window. What was spent when nobody had looked yet belongs to no slot: it counts as spent before.
 */
export function addSample(samples: Samples, spending: Spending, now: number): Map<number, number> {
  const { spent, start, end } = spending
  const slot = Math.floor((now - start) / slotOf(spending))
  const all = new Map(samples.size > 0 ? samples : [[slot - 1, spent]]).set(slot, spent)
  const from = firstSlot(LONG * (end - start), spending, now)
  const base = Math.max(...[...all.keys()].filter(one => one < from))
  return new Map([...all].filter(([one]) => one >= base))
}

/** Nanos per millisecond over about `width`: over the whole slots in it, and the one that goes on. */
function rateOver(width: number, spending: Spending, now: number, samples: Samples): number {
  const from = firstSlot(width, spending, now)
  return (spending.spent - spentBefore(from, samples)) / (now - spending.start - from * slotOf(spending))
}

/** What was spent before a slot, as far as is known. */
function spentBefore(slot: number, samples: Samples): number {
  const known = [...samples.keys()]
  const before = known.filter(one => one < slot)
  return samples.get(before.length > 0 ? Math.max(...before) : Math.min(...known)) ?? 0
}

/** The first slot that begins within the last `width`; negative where that is before the window's start. */
function firstSlot(width: number, spending: Spending, now: number): number {
  return Math.ceil((now - width - spending.start) / slotOf(spending))
}

function slotOf({ start, end }: Spending): number {
  return SLOT * (end - start)
}
