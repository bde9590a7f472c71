/** The load of streams: an open loop that reads the time of each event. wrk and vegeta read no events. */

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
  const idle = await Promise.all(Array.from({ length: callers }, another))
  const fired: Volley = { calls: 0, seconds: 0, first: [], last: [] }

  async function ask(dueAt: number): Promise<void> {
    const caller = idle.pop() ?? (await another())
    const { status, head, start, firstAt, lastAt } = await caller.ask().catch(cause => {
      throw new Error(`${column.title}: ${cause.message}`, { cause })
    })
    if (status !== 200 || !column.proof.test(head)) throw unproven(column, head, start)
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

/**
 * Throws if a response shows that the column does not do what its title says. A response is cached after it was sent, so the
 * request is repeated until it is a cache hit.
 */
export async function proveColumn(column: Column, prompt: Prompt): Promise<void> {
  const caller = await openCaller(column, prompt)
  try {
    for (let tries = 1; ; tries += 1) {
      const { status, head, start } = await caller.ask()
      if (status === 200 && column.proof.test(head)) return
      if (status !== 200 || !column.cached || tries === 100) throw unproven(column, head, start)
      await pause(20)
    }
  } finally {
    caller.close()
  }
}

function unproven({ title, proof }: Column, head: string, start: Buffer): Error {
  return new Error(`${title} answered, where 200 and ${proof} was expected:\n${head}\n${start}`)
}
