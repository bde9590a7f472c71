/**
 * Counts the steps of code of ours, so that a test can see how work grows with its input on a machine of any speed: the
 * runs of each block by V8's own counters, and the bytes that native searches and normalisations read. To be imported
 * first: what was compiled before the counters start is not counted in full.
 */

import { Session } from 'node:inspector'

interface Coverage {
  result: { url: string; functions: { ranges: { count: number }[] }[] }[]
}

/** A step equals so many bytes of a native search. */
const SEARCHED_A_STEP = 16

let isCounting = false
let native = 0
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
watch<Buffer>(Buffer.prototype, 'indexOf', (bytes, [, from = 0], found) => {
  native += searched(bytes.length, Number(from), Number(found))
})
watch<string>(String.prototype, 'normalize', text => {
  native += sortingSteps(String(text))
})

export function stepsOf(...runs: (() => void)[]): number[] {
  takeBlocksRun()
  return runs.map(run => {
    native = 0
    isCounting = true
    run()
    isCounting = false
    return takeBlocksRun() + native
  })
}

/** Since it was last called. */
function takeBlocksRun(): number {
  let runs = 0
  session.post('Profiler.takePreciseCoverage', (_error, { result }: Coverage) => {
    for (const { url, functions } of result)
      if (url.includes('/src/'))
        for (const { ranges } of functions) for (const { count } of ranges) runs += count
  })
  return runs
}

function searched(length: number, from: number, found: number): number {
  return 1 + ((found < 0 ? length : found) - from) / SEARCHED_A_STEP
}

/** Marks are sorted by insertion: a run of n takes up to n² steps. */
function sortingSteps(text: string): number {
  const runs = text.match(/[\p{M}\uff9e\uff9f]+/gu) ?? []
  return runs.reduce((sum, run) => sum + run.length ** 2, text.length / SEARCHED_A_STEP)
}

/** Has `see` look at each call of a method, for as long as the process runs. */
function watch<This>(
  holder: object,
  name: string,
  see: (self: This, args: unknown[], result: unknown) => void,
): void {
  const original: unknown = Reflect.get(holder, name)
  if (typeof original !== 'function') throw new TypeError(`there is no ${name}`)
  Reflect.set(holder, name, function watched(this: This, ...args: unknown[]) {
    const result: unknown = Reflect.apply(original, this, args)
    if (isCounting) see(this, args, result)
    return result
  })
}
