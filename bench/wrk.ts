/** The load of the rows about calls: wrk, with so many connections, each of which sends the next request after a response. */

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Column } from './columns.ts'
import { proveColumn } from './load.ts'
import { bodyOf, numberLength, type Prompt, takeNumbers } from './prompts.ts'
import { tool } from './tools.ts'

export interface Loaded {
  calls: number
  seconds: number
  failed: number
  p50Ms: number
  p99Ms: number
}

const script = join(import.meta.dirname, 'wrk.lua')
/** More calls than a run can make. */
const numbers = 10_000_000
const patienceSeconds = 30

/** Throws if a call fails, or if a response shows that the column does not do what its title says. */
export async function closedLoop(
  column: Column,
  prompt: Prompt,
  callers: number,
  seconds: number,
): Promise<Loaded> {
  await proveColumn(column, prompt)
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-wrk-'))
  try {
    const file = join(folder, 'body.json')
    const { body, numberAt } = bodyOf(column.model, prompt)
    await writeFile(file, body)
    const { stdout } = await promisify(execFile)(tool('wrk'), [
      ...['--threads', '1', '--connections', `${callers}`, '--duration', `${Math.ceil(seconds)}s`],
      ...['--timeout', `${patienceSeconds}s`, '--script', script],
      ...Object.entries(column.headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
      ...[column.url + column.path, '--', file, `${numberAt}`, `${numberLength}`],
      column.cached ? 'same' : `${takeNumbers(numbers)}`,
    ])
    const loaded = figuresOf(stdout)
    if (loaded.failed > 0 || loaded.calls === 0)
      throw new Error(`${column.title}: ${loaded.failed} calls failed, ${loaded.calls} succeeded:\n${stdout}`)
    return loaded
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The line that wrk.lua prints at the end. */
export function figuresOf(output: string): Loaded {
  const [, figures] = /^figures (.*)$/m.exec(output) ?? []
  if (figures === undefined) throw new Error(`wrk printed no figures:\n${output}`)
  return JSON.parse(figures)
}
