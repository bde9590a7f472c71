/** The source of a call's scenario: the queue, else its prompt, else a function, else the ordinary response. */

import type { Call } from './records.ts'
import { ordinary, type Scenario, scenario, scenarioIn } from './scenario.ts'

/** As text (`die after 3`), or as the settings that differ from an ordinary response. */
export type ScenarioSpec = string | Partial<Scenario>

export type ScenarioQueue = ReturnType<typeof scenarioQueue>

export function scenarioQueue() {
  const queue: Scenario[] = []
  const holds = new Map<string, PromiseWithResolvers<void>>()
  let decide: (call: Call) => ScenarioSpec | undefined = () => undefined
  function holdOf(name: string): PromiseWithResolvers<void> {
    const found = holds.get(name) ?? Promise.withResolvers<void>()
    holds.set(name, found)
    return found
  }
  return {
    next: (...wished: ScenarioSpec[]) => void queue.push(...wished.map(read)),
    use: (decider: typeof decide = () => undefined) => {
      decide = decider
    },
    /** Ends `hold NAME` for the calls that wait and for those still to come, until `forget`. */
    release: (name = '') => holdOf(name).resolve(),
    released: (name: string) => holdOf(name).promise,
    /** As soon as a call arrives, before its body is read. */
    onArrival: () => queue.shift(),
    /** After the body is read, for a call without a scenario from the queue. */
    onceRead: (call: Call) => scenarioIn(call.body) ?? read(decide(call) ?? ordinary),
    forget() {
      queue.length = 0
      holds.clear()
      decide = () => undefined
    },
  }
}

function read(wish: ScenarioSpec): Scenario {
  return typeof wish === 'string' ? scenario(wish) : { ...ordinary, ...wish }
}
