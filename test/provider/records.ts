/** The simulated provider's records: requests, responses and usage. */

import { EventEmitter, once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { UsagePart } from '../../src/dialects/dialect.ts'
import type { Scenario } from './scenario.ts'

export interface Call {
  /** With the query. */
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
  scenario: Scenario
  status: number | undefined
  /** The reported usage, or the usage that a complete response would have reported; none for errors. */
  served: UsagePart[]
  /** True if that usage was sent. */
  reported: boolean
  /** The caller closed the connection before the response's end. */
  aborted: boolean
  /** The provider did, or ended the response too early. */
  closedEarly: boolean
  /** Milliseconds since 1970. */
  startedAt: number
  endedAt: number | undefined
  /**
   * Output tokens at the end of the connection, with hidden reasoning; undefined for a response that was
   * not generated at the pace of a model, or never begun.
   */
  generated: number | undefined
}

/** The call's real usage, reported or not: no more output than was generated. */
export function usedBy({ served, scenario, generated = 0 }: Call): UsagePart[] {
  if (!scenario.generation) return served
  return served.map(part => ({
    ...part,
    output: Math.min(part.output, generated),
    reasoning: Math.min(part.reasoning, generated),
  }))
}

const shownCounts = [
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'cacheWriteOther',
  'output',
] as const

/** Sums over all calls that have ended; tokens only where they were reported. */
export type Totals = Record<
  'calls' | 'ended' | 'aborted' | 'closedEarly' | 'reported' | (typeof shownCounts)[number],
  number
>

const deadlineMs = 10_000

export type History = ReturnType<typeof records>

/** Keeps the newest `keep` calls; the totals hold all. */
export function records(keep: number) {
  const calls: Call[] = []
  const changes = new EventEmitter().setMaxListeners(0)
  let totals = zero()
  let running = 0

  async function until<T>(what: string, look: () => T | undefined): Promise<T> {
    const signal = AbortSignal.timeout(deadlineMs)
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      await once(changes, 'change', { signal }).catch(() => {
        throw new Error(`the provider waited ${deadlineMs} ms for ${what}; it had ${JSON.stringify(totals)}`)
      })
    }
  }

  return {
    calls,
    totals: () => totals,
    begin(call: Call) {
      running += 1
      totals.calls += 1
      if (keep > 0) calls.push(call)
      if (calls.length > keep) calls.shift()
      changes.emit('change')
    },
    end(call: Call) {
      running -= 1
      call.endedAt = Date.now()
      totals.ended += 1
      totals.aborted += Number(call.aborted)
      totals.closedEarly += Number(call.closedEarly)
      totals.reported += Number(call.reported)
      for (const part of call.reported ? call.served : []) {
        for (const count of shownCounts) totals[count] += part[count]
      }
      changes.emit('change')
    },
    /** The nth call since the last reset. */
    waitForCall: (nth = 1) => until(`call ${nth}`, () => calls[nth - 1]),
    /** The nth call that its caller left. */
    waitForAbort: (nth = 1) => until(`abort ${nth}`, () => calls.filter(call => call.aborted)[nth - 1]),
    /** All calls so far have ended. */
    waitForIdle: () => until('the running calls', () => (running === 0 ? true : undefined)),
    forget() {
      calls.length = 0
      totals = zero()
    },
  }
}

function zero(): Totals {
  return {
    calls: 0,
    ended: 0,
    aborted: 0,
    closedEarly: 0,
    reported: 0,
    input: 0,
    cacheRead: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    cacheWriteOther: 0,
    output: 0,
  }
}
