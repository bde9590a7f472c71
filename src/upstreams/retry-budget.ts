/**
 * The retry budget of a process: at most a fifth of the calls of the last minute are tried again, and a few more, so that
 * the retries of all callers do not multiply the load on upstreams that fail.
 */

const SHARE = 1 / 5
/** Retries that are always allowed in a minute: a process with few calls can retry, too. */
const LEAST = 20
const PERIODS = 6
const PERIOD_MS = 10_000

export interface RetryBudget {
  /** Counts a call. */
  addCall(): void
  /** Takes a retry; false: there is none left. */
  takeRetry(): boolean
  /** Gives a retry back that was taken but not made. */
  returnRetry(): void
}

export function createRetryBudget(now: () => number = () => performance.now()): RetryBudget {
  let periods = [{ calls: 0, retries: 0 }]
  let began = now()
  let [calls, retries] = [0, 0]

  function present() {
    const passed = Math.floor((now() - began) / PERIOD_MS)
    if (passed > 0) {
      began += passed * PERIOD_MS
      const added = Array.from({ length: Math.min(passed, PERIODS) }, () => ({ calls: 0, retries: 0 }))
      periods = [...periods, ...added].slice(-PERIODS)
      calls = periods.reduce((sum, one) => sum + one.calls, 0)
      retries = periods.reduce((sum, one) => sum + one.retries, 0)
    }
    return periods.at(-1)!
  }

  return {
    addCall() {
      present().calls++
      calls++
    },
    takeRetry() {
      const period = present()
      if (retries >= LEAST + calls * SHARE) return false
      period.retries++
      retries++
      return true
    },
    returnRetry() {
      present().retries--
      retries--
    },
  }
}
