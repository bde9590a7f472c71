/**
 * Pace: is a budget spent before its window ends? The rule compares burn rates over two windows (Google, The Site
 * Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts"):
 *
 *     burn(w) = [spent(now) - spent(now - w)] / w  *  (end - now) / [limit - spent(now)]
 *
 * It is 1 if the spend of the last w, repeated until the end, spends exactly the rest. An alert needs more than 1 over both
 *
 *     long  = a tenth of the window    day: 2 h 24 min    month of 30 days: 3 d
 *     short = a twelfth of that        day: 12 min        month of 30 days: 6 h
 *
 * which is that chapter's slowest pair. The long window ignores a spike below about a tenth of the budget. The short window
 * ends the alert soon after the spike. Time before the start of the budget's window counts as time without spend.
 *
 * The past is kept in slots of a third of the short window. A sample is the amount that the first check in a slot found. A
 * slot without a check had no spend, because a budget is checked while it is used. So a window may be shorter than its name
 * by one slot, and spend before the first check counts for no pace.
 */

export interface Spending {
  /** Nano-dollars. */
  limit: number
  spent: number
  /** The budget's window, milliseconds. */
  start: number
  end: number
}

/** The amount spent at the start of a slot, by the slot's number. Slots count from the window's start. */
export type Samples = ReadonlyMap<number, number>

/** The amounts spent at the starts of the two windows that end in this slot. */
export interface Bases {
  slot: number
  long: number
  short: number
}

export interface Pace {
  /** Burn rates: 2 spends the rest in half the time. */
  long: number
  short: number
  /** When the budget is spent at the pace of the short window: milliseconds since 1970. */
  exhaustedAt: number
}

/** In slots. The budget's window has 10 * 12 * 3 of them. */
const SLOTS = 360
const LONG = 36
const SHORT = 3

export function slotAt(now: number, { start, end }: Spending): number {
  return Math.floor(((now - start) / (end - start)) * SLOTS)
}

/** The oldest slot whose sample is needed. */
export function oldestSlot(slot: number): number {
  return slot - LONG + 1
}

export function basesOf(samples: Samples, slot: number, spent: number): Bases {
  const known = [...samples.keys()].toSorted((a, b) => a - b)
  const at = (begin: number) => samples.get(known.find(one => one >= begin) ?? slot) ?? spent
  return { slot, long: at(oldestSlot(slot)), short: at(slot - SHORT + 1) }
}

/** The pace, if it spends the budget before the window ends; undefined if not, or if the budget is already spent. */
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
