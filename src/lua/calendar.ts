/** The windows budgets are counted in: UTC days and months, named as the counters in Redis name them. */

export interface Window {
  /** `d20261123` or `m202611`. */
  name: string
  /** Milliseconds since 1970; the end is the first moment of the next window. */
  startsAt: number
  endsAt: number
}

/** The day and the month that a moment, in milliseconds since 1970, lies in. */
export function windowsAt(ms: number): { day: Window; month: Window } {
  const date = new Date(ms)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  const digits = date.toISOString().slice(0, 10).replaceAll('-', '')
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
