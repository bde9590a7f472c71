/** Profiles a column: self time by package or file, and the functions with the most self time. */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Profiler } from 'node:inspector'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { startColumns } from './columns.ts'
import { warmUp } from './warm-up.ts'
import { closedLoop } from './wrk.ts'

const root = join(import.meta.dirname, '..')
const callers = 32
const seconds = 5

export async function profile(name: string, folder: string): Promise<void> {
  const file = join(folder, 'profile.json')
  const flags = ['--import', join(import.meta.dirname, 'profiler.ts')]
  const { columns, stop } = await startColumns([name], folder, 'nginx', flags, { PROFILE_FILE: file })
  try {
    const column = columns[0]
    if (!column?.process) throw new Error(`'${name}' has no process to profile`)
    const kilobyte = { bytes: 1000 }
    await warmUp(column, 10_000, 15)
    column.process.kill('SIGURG')
    const { calls } = await closedLoop(column, kilobyte, callers, seconds)
    column.process.kill('SIGURG')
    while (!existsSync(file)) await pause(50)
    const taken: Profiler.Profile = JSON.parse(await readFile(file, 'utf8'))
    print(column.title, taken, calls)
  } finally {
    await stop()
  }
}

function print(title: string, profile: Profiler.Profile, calls: number): void {
  const samples = selfMicros(profile)
  const places = new Map<string, number>()
  const functions = new Map<string, number>()
  let total = 0
  for (const { callFrame, micros } of samples) {
    if (callFrame.functionName === '(idle)') continue
    const place = placeOf(callFrame)
    const name = `${callFrame.functionName || '(anonymous)'} ${place}:${callFrame.lineNumber + 1}`
    places.set(place, (places.get(place) ?? 0) + micros)
    functions.set(name, (functions.get(name) ?? 0) + micros)
    total += micros
  }
  const list = (heading: string, shares: Map<string, number>, most: number) => {
    console.log(`\n${heading}`)
    for (const [name, micros] of [...shares].sort(([, a], [, b]) => b - a).slice(0, most)) {
      console.log(
        `${(micros / calls).toFixed(1).padStart(8)} us  ${((100 * micros) / total).toFixed(1).padStart(5)} %  ${name}`,
      )
    }
  }
  console.log(
    `${title}: ${calls} calls, ${(total / calls).toFixed(0)} us each of the main thread, as profiled`,
  )
  list('By package or file', places, 30)
  list('By function', functions, 40)
}

/** Adds the time of each sample to the function that was running. */
function selfMicros({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile) {
  const byId = new Map(nodes.map(({ id, callFrame }) => [id, { callFrame, micros: 0 }]))
  for (const [index, id] of samples.entries()) {
    const node = byId.get(id)
    // A delta is the time since the previous sample, so it belongs to the function of that one.
    if (node) node.micros += timeDeltas[index + 1] ?? 0
  }
  return [...byId.values()]
}

/** Such as `src/plugins/auth.ts`, `undici`, `node:net`, or a part of V8 such as `(garbage collector)`. */
function placeOf({ url, functionName }: Profiler.Profile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(native)'
  const [, packaged] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  return packaged ?? url.replace(`${pathToFileURL(root)}/`, '').replace(/^node:internal\//, 'node:')
}
