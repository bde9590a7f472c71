/** Which errors of an attempt let another target be tried, and which error the caller gets if all attempts fail. */

import type { Refusal, RefusalCode } from '../errors.ts'

/** The error that helps a caller most comes first: one that names a wait, then one that passes by itself. */
const BY_HELP: readonly RefusalCode[] = [
  'upstream_rate_limited',
  'upstream_overloaded',
  'upstream_unavailable',
  'upstream_timeout',
  'upstream_error',
  'upstream_forbidden',
  'upstream_refused_us',
]

/** True: another target may serve the call. A fault of the request, such as a 400, would be the same there. */
export function isRetried({ code }: Refusal): boolean {
  return BY_HELP.includes(code)
}

export function mostHelpful(errors: readonly Refusal[]): Refusal | undefined {
  const place = ({ code }: Refusal) => BY_HELP.indexOf(code)
  return errors.reduce<Refusal | undefined>(
    (best, one) => (best && place(best) <= place(one) ? best : one),
    undefined,
  )
}

/** Milliseconds. Without a wait of the upstream, the same target is tried again after a time that doubles. */
const FIRST_WAIT = 200

/** The wait before the same target is tried again: at least the upstream's own, and a random part so that callers spread. */
export function retryWait({ headers }: Refusal, attempts: number, random = Math.random): number {
  const own = Number(headers['retry-after-ms'] ?? 0)
  const backoff = FIRST_WAIT * 2 ** Math.min(attempts - 1, 5)
  return own > 0 ? own * (1 + random() / 10) : backoff * (0.5 + random() / 2)
}
