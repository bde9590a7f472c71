/** The windows of budgets: UTC days and months, with the names of the counters in Redis. */

export interface Window {
  /** `d20261123` or `m202611`. */
  name: string
  /** Milliseconds since 1970; the end is the first moment of the next window. */
  startsAt: number
  endsAt: number
}

/** The UTC day of a time (a number: milliseconds since 1970): `2026-11-23`. */
export function utcDay(time: number | Date): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** Returns the day and the month of a time in milliseconds since 1970. */
export function windowsAt(ms: number): { day: Window; month: Window } {
  const date = new Date(ms)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  const digits = utcDay(ms).replaceAll('-', '')
  return {
    day: {
      name: `d${digits}`,
      startsAt: Date.UTC(year, month, day),
      endsAt: Date.UTC(year, month, day + 1),
    },
    month: {
      name: `m${digits.slice(0, 6)}`,
      startsAt: Date.UTC(year, month),
      endsAt: Date.UTC(year, month + 1),
    },
  }
}
