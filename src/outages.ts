/** The causes for which the gateway itself answers 503. docs/operating.md has a row for each. */

import { type Refusal, type RefusalCode, refusal, retryAfter } from './errors.ts'

interface Described {
  /** Its name in `degraded` of /readyz, and in `tollgate_part_up`. */
  part: string
  /** For the log and the alert: what was found. */
  found: string
  /** For the alert: how to fix it. */
  fix: string
}

export const outages = {
  redis_away: { part: 'redis', found: 'Redis is away', fix: 'Start Redis, or check REDIS_URL.' },
  redis_full: {
    part: 'redis_memory',
    found: 'the memory of Redis is full',
    fix: 'Raise its maxmemory; if Postgres is away, start Postgres: the ledger then leaves Redis by itself.',
  },
  redis_refuses: {
    part: 'redis_replies',
    found: 'Redis answers admissions with an error, or not in time',
    fix: 'Read the reason and the log of Redis.',
  },
  settlements_wait: {
    part: 'settlements',
    found: 'Redis has not answered the last settlements',
    fix: 'Check the load of Redis and the network to it.',
  },
  counters_incomplete: {
    part: 'counters',
    found: 'Redis has lost its counters; they are restored from Postgres',
    fix: 'Check that Postgres is reachable, and that Redis has an append-only file.',
  },
  ledger_full: {
    part: 'ledger',
    found: 'LEDGER_MAX_PENDING entries of the ledger wait for Postgres',
    fix: 'Start Postgres, or find out why it is slow.',
  },
  configuration_behind: {
    part: 'configuration',
    found: 'the configuration in Postgres is older than the one that Redis knows',
    fix: 'Check that all replicas use the same Redis and the same primary of Postgres.',
  },
  key_lookup: {
    part: 'postgres',
    found: 'keys cannot be looked up in Postgres',
    fix: 'Start Postgres, or check DATABASE_URL.',
  },
  overloaded: {
    part: 'capacity',
    found: 'this replica has more calls than it can carry',
    fix: 'Add replicas, or give them more CPU and memory.',
  },
  restarting: {
    part: 'restart',
    found: 'calls were cut because the gateway stopped before they ended',
    fix: 'Raise DRAIN_SECONDS and the grace period of the process.',
  },
} as const satisfies Record<string, Described>

export type Outage = keyof typeof outages

const causes = new WeakMap<Refusal, Outage>()

/** The outage that caused a refusal; undefined if there was none. */
export function outageOf(error: Refusal | undefined): Outage | undefined {
  return error && causes.get(error)
}

/** Marks a refusal as caused by an outage. */
export function causedBy<Refused extends Refusal>(cause: Outage, refused: Refused): Refused {
  causes.set(refused, cause)
  return refused
}

/** A 503 of the gateway itself. `reason` is for the log only. */
export function unavailable(
  cause: Outage,
  message: string,
  reason: string,
  code: Extract<RefusalCode, 'unavailable' | 'interrupted'> = 'unavailable',
): Refusal {
  return causedBy(cause, refusal(code, message, { headers: retryAfter(1000), reason }))
}
