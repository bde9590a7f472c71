/** Load with a limit of time and number. A closed loop measures the throughput of a column, an open loop its latency. */

import { setTimeout as pause } from 'node:timers/promises'
import { type Caller, openCaller } from './caller.ts'
import type { Column } from './columns.ts'
import type { Prompt } from './prompts.ts'

export interface Volley {
  calls: number
  seconds: number
  /** Milliseconds from the time at which each call was due to the first and the last byte of its response. */
  first: number[]
  last: number[]
}

/** Runs `callers` calls at a time. Each caller sends the next request when it has the response. */
export async function closedLoop(
  column: Column,
  prompt: Prompt,
  callers: number,
  seconds: number,
): Promise<Volley> {
  return volley(column, prompt, callers, async ask => {
    const until = performance.now() + seconds * 1000
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (performance.now() < until) await ask(performance.now())
      }),
    )
  })
}

/**
 * Calls at a fixed rate, whatever the speed of the responses. The latency of a call that is sent late counts from the time
 * at which it was due, except for the resolution of the timer.
 */
export async function openLoop(
  column: Column,
  prompt: Prompt,
  rate: number,
  seconds: number,
): Promise<Volley> {
  const timerGrainMs = 2
  return volley(column, prompt, 16, async ask => {
    const running: Promise<void>[] = []
    let failure: unknown
    const start = performance.now()
    const dueAt = (call: number) => start + (call * 1000) / rate
    while (failure === undefined && running.length < rate * seconds) {
      const now = performance.now()
      for (let due = dueAt(running.length); due <= now; due = dueAt(running.length)) {
        const asked = ask(now - due > timerGrainMs ? due : now)
        running.push(
          asked.catch(error => {
            failure = error
          }),
        )
      }
      await pause(1)
    }
    await Promise.all(running)
    if (failure !== undefined) throw failure
  })
}

/** Opens `callers` connections first, and more when needed. Throws if a call fails. */
async function volley(
  column: Column,
  prompt: Prompt,
  callers: number,
  fire: (ask: (dueAt: number) => Promise<void>) => Promise<void>,
): Promise<Volley> {
  const all: Caller[] = []
  const another = async () => {
    const caller = await openCaller(column, prompt)
    all.push(caller)
    return caller
  }
  if (column.cached) await untilCached(await another(), column)
  const idle = await Promise.all(Array.from({ length: callers }, another))
  const fired: Volley = { calls: 0, seconds: 0, first: [], last: [] }

  async function ask(dueAt: number): Promise<void> {
    const caller = idle.pop() ?? (await another())
    const { status, head, start, firstAt, lastAt } = await caller.ask().catch(cause => {
      throw new Error(`${column.title}: ${cause.message}`, { cause })
    })
    if (status !== 200 || !column.proof.test(head)) {
      throw new Error(
        `${column.title} answered, where 200 and ${column.proof} was expected:\n${head}\n${start}`,
      )
    }
    idle.push(caller)
    fired.first.push(firstAt - dueAt)
    fired.last.push(lastAt - dueAt)
  }

  const start = performance.now()
  try {
    await fire(ask)
  } finally {
    for (const caller of all) caller.close()
  }
  return { ...fired, calls: fired.last.length, seconds: (performance.now() - start) / 1000 }
}

/** A response is stored after it was sent, so this repeats the request until it is a cache hit. */
async function untilCached(caller: Caller, { proof }: Column): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const { head } = await caller.ask()
    if (proof.test(head)) return
    await pause(20)
  }
  throw new Error('the response was never cached')
}
