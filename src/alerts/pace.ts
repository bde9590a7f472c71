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
 * The past is known by slots of a third of the short window: a sample is what was spent when its slot began, as the first
 * look in it saw. Nothing moves without being looked at: in a slot without a sample nothing was spent. So a window is
 * shorter than its name by up to a slot, and what was spent before anybody looked is nobody's pace.
 */

export interface Spending {
  /** Nano-dollars. */
  limit: number
  spent: number
  /** The budget's window, milliseconds. */
  start: number
  end: number
}

/** Slot, counted from the window's start -> spent when it began. */
export type Samples = ReadonlyMap<number, number>

/** What was spent when the two windows began that end in this slot. */
export interface Bases {
  slot: number
  long: number
  short: number
}

export interface Pace {
  /** Burn rates: 2 spends what is left in half the time. */
  long: number
  short: number
  /** When it is spent at the pace of the short window, milliseconds. */
  exhaustedAt: number
}

/** In slots: 10 * 12 * 3 of them are the budget's window. */
const SLOTS = 360
const LONG = 36
const SHORT = 3

export function slotAt(now: number, { start, end }: Spending): number {
  return Math.floor(((now - start) / (end - start)) * SLOTS)
}

/** The oldest slot whose sample is asked for. */
export function oldestSlot(slot: number): number {
  return slot - LONG + 1
}

export function basesOf(samples: Samples, slot: number, spent: number): Bases {
  const known = [...samples.keys()].toSorted((a, b) => a - b)
  const at = (begin: number) => samples.get(known.find(one => one >= begin) ?? slot) ?? spent
  return { slot, long: at(oldestSlot(slot)), short: at(slot - SHORT + 1) }
}

/** The pace, where it spends the budget before its end; undefined where it does not, or the budget is spent already. */
export function paceOf(spending: Spending, now: number, { slot, ...bases }: Bases): Pace | undefined {
  const { limit, spent, start, end } = spending
  const left = limit - spent
  if (left <= 0 || now >= end) return undefined
  const burn = (base: number, width: number) => {
    const begin = start + ((slot - width + 1) / SLOTS) * (end - start)
    return (((spent - base) / (now - begin)) * (end - now)) / left
  }
  const [long, short] = [burn(bases.long, LONG), burn(bases.short, SHORT)]
  if (long <= 1 || short <= 1) return undefined
  return { long, short, exhaustedAt: now + (end - now) / short }
}
