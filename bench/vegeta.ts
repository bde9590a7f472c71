/** Calls at a fixed rate, whatever the speed of the responses: vegeta. Its latencies count from the time of sending. */

import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { Column } from './columns.ts'
import { proveColumn } from './load.ts'
import { bodyOf, type Prompt, patch } from './prompts.ts'
import { tool } from './tools.ts'

export interface Rated {
  calls: number
  p50Ms: number
  p99Ms: number
}

/** Throws if a call fails, or if a response shows that the column does not do what its title says. */
export async function openLoop(
  column: Column,
  prompt: Prompt,
  rate: number,
  seconds: number,
): Promise<Rated> {
  await proveColumn(column, prompt)
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-vegeta-'))
  try {
    const results = join(folder, 'results')
    const attack = spawn(
      tool('vegeta'),
      [
        ...['attack', '-format', 'json', '-lazy', '-rate', `${rate}/1s`, '-duration', `${seconds}s`],
        ...['-http2=false', '-workers', '64', '-timeout', '30s', '-output', results],
      ],
      { stdio: ['pipe', 'ignore', 'inherit'] },
    )
    const ended = new Promise<number | null>(resolve => attack.once('exit', resolve))
    // vegeta stops reading at the end of the duration. Sometimes it makes a call more than the rate says.
    const count = rate * (seconds + 1)
    await pipeline(Readable.from(targets(column, prompt, count)), attack.stdin).catch(() => {})
    const status = await ended
    if (status !== 0) throw new Error(`vegeta ended with status ${status}`)
    const { stdout } = await promisify(execFile)(tool('vegeta'), ['report', '-type', 'json', results])
    return ratedOf(stdout, column.title)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** One request a line. Each has another number in its prompt, except if the column is cached. */
function* targets({ url, path, model, headers, cached }: Column, prompt: Prompt, count: number) {
  const { body, numberAt } = bodyOf(model, prompt)
  const header = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  for (let number = 0; number < count; number += 1) {
    if (!cached) patch(body, numberAt)
    yield `${JSON.stringify({ method: 'POST', url: url + path, header, body: body.toString('base64') })}\n`
  }
}

/** The figures of vegeta's JSON report, whose times are nanoseconds. */
export function ratedOf(report: string, title: string): Rated {
  const { requests, success, latencies, errors } = JSON.parse(report)
  if (success !== 1)
    throw new Error(`${title}: ${Math.round((1 - success) * requests)} calls failed: ${errors}`)
  return { calls: requests, p50Ms: latencies['50th'] / 1e6, p99Ms: latencies['99th'] / 1e6 }
}
