/** Questions between the primary and its workers, over the channel of node:cluster. */

import type { Worker } from 'node:cluster'
import type { Family } from '../telemetry/metrics/families.ts'

/** The argument of a worker's command line. A gateway that a cluster of another program has started lacks it. */
export const WORKER = '--worker'

export interface StopOrder {
  /** How long new calls are still served, in milliseconds. */
  delayMs: number
}

/** Each question with its input and its answer. */
interface Questions {
  /** From a worker that starts: whether the gateway stops already. */
  join: [input: undefined, answer: boolean]
  /** From a worker whose app is built: whether another worker serves the port. */
  built: [undefined, boolean]
  /** From a worker that serves the port now. */
  serving: [undefined, undefined]
  /** From a worker: the metrics of all. */
  allMetrics: [undefined, Family[]]
  /** To a worker: its own metrics. */
  metrics: [undefined, Family[]]
  /** To a worker: how many calls run. */
  running: [undefined, number]
  /** To a worker. */
  stop: [StopOrder, undefined]
}
type Name = keyof Questions

/** The questions that one side answers. */
export type Answers = {
  [Q in Name]?: (input: Questions[Q][0]) => Questions[Q][1] | Promise<Questions[Q][1]>
}

export type Ask = <Q extends Name>(name: Q, input: Questions[Q][0]) => Promise<Questions[Q][1]>

type Message =
  | { question: Name; id: number; input: unknown }
  | { answer: number; value?: unknown; fault?: string }

/** The returned function rejects if the other process ends before it answers. */
export function openChannel(peer: Worker, answers: Answers): Ask {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let count = 0

  peer.on('message', (message: Message) => {
    if ('question' in message) void answer(message)
    else settle(message)
  })
  peer.once('disconnect', () => {
    for (const { reject } of waiting.values()) reject(new Error('the other process has ended'))
    waiting.clear()
  })

  async function answer({ question, id, input }: Extract<Message, { question: Name }>): Promise<void> {
    try {
      const respond = answers[question] as ((input: unknown) => unknown) | undefined
      send({ answer: id, value: await respond?.(input) })
    } catch (error) {
      send({ answer: id, fault: error instanceof Error ? error.message : String(error) })
    }
  }

  function settle({ answer: id, value, fault }: Extract<Message, { answer: number }>): void {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (fault === undefined) asked?.resolve(value)
    else asked?.reject(new Error(fault))
  }

  /** A failed delivery means that the other process has ended: then `disconnect` follows. */
  function send(message: Message): void {
    if (peer.isConnected()) peer.send(message, () => {})
  }

  return async function ask<Q extends Name>(name: Q, input: Questions[Q][0]) {
    if (!peer.isConnected()) throw new Error('the other process has ended')
    const id = count++
    const asked = Promise.withResolvers<unknown>()
    waiting.set(id, asked)
    send({ question: name, id, input })
    return (await asked.promise) as Questions[Q][1]
  }
}
