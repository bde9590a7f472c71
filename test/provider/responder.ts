/** Sends one response as its scenario defines it: whole, slowly, in odd pieces, or broken off. */

import { once } from 'node:events'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Generated } from './generation.ts'
import type { Scenario } from './scenario.ts'

export interface ProviderResponse {
  status: number
  headers: OutgoingHttpHeaders
  /** The body; a stream's is one chunk per delta, with the frames before and after them as first and last. */
  chunks: Buffer[]
  /** How many chunks are sent before the ending, where it is not `whole`. */
  cut: number
  errorFrames: Buffer
  generated?: Generated | undefined
  /** Milliseconds since the generation began, for each chunk of a stream; those without one go out at once. */
  dueMs?: readonly number[] | undefined
}

export interface Stage {
  response: ServerResponse
  /** The caller is gone. */
  gone: AbortSignal
  /** Resolves once the holds of this name are released. */
  released(name: string): Promise<void>
  /** Called just before the provider itself breaks off. */
  breakOff(): void
  /** Called when the generation begins. */
  begin(generated: Generated): void
}

/** Resolves when nothing more will be sent; rejects when the caller leaves during a pause. */
export async function respond(stage: Stage, built: ProviderResponse, scenario: Scenario): Promise<void> {
  const { response, gone } = stage
  if (scenario.hold !== undefined) await Promise.race([stage.released(scenario.hold), once(gone, 'abort')])
  if (gone.aborted) return
  if (scenario.delay > 0) await setTimeout(scenario.delay, undefined, { signal: gone })
  if (scenario.ending === 'silent') return
  if (scenario.ending === 'unread') return cut(stage)
  const pace = await paceOf(stage, built, scenario)
  response.writeHead(built.status, built.headers)
  if (scenario.ending === 'whole') return finish(stage, built.chunks, pace)
  if (scenario.ending === 'reset') {
    response.flushHeaders()
    await setImmediate()
    stage.breakOff()
    response.socket?.resetAndDestroy()
    return
  }
  await send(stage, built.chunks.slice(0, built.cut), pace)
  if (scenario.ending === 'die') return cut(stage)
  if (scenario.ending === 'stall') {
    if (scenario.stallMs === undefined) return
    await setTimeout(scenario.stallMs, undefined, { signal: gone })
    return finish(stage, built.chunks.slice(built.cut), continued(pace, built.cut))
  }
  stage.breakOff()
  response.end(scenario.ending === 'error' ? built.errorFrames : undefined)
}

function cut({ response, breakOff }: Stage) {
  breakOff()
  response.socket?.destroy()
}

async function finish(stage: Stage, chunks: Buffer[], pace: Pace): Promise<void> {
  const [only, ...more] = chunks
  if (only && more.length === 0 && pace.split === undefined) {
    // As a string a small body goes out in one write with its headers; latin1 keeps every byte as it is.
    if (only.length < 65_536) stage.response.end(only.toString('latin1'), 'latin1')
    else stage.response.end(only)
    return
  }
  await send(stage, chunks, pace)
  stage.response.end()
}

/** When the chunks of a response are sent. */
interface Pace {
  /** Milliseconds between two of them. */
  gap: number
  /** Bytes per write; undefined: a chunk. */
  split: number | undefined
  /** Milliseconds from now until the chunk with this index, instead of `gap`. */
  due: ((index: number) => number) | undefined
}

/** Begins the generation, where there is one. A JSON response waits here until all of it is generated. */
async function paceOf(
  stage: Stage,
  { generated, dueMs }: ProviderResponse,
  { gap, split }: Scenario,
): Promise<Pace> {
  if (!generated) return { gap, split, due: undefined }
  const begun = performance.now()
  stage.begin(generated)
  if (dueMs) {
    return { gap, split: undefined, due: index => begun + (dueMs[index] ?? 0) - performance.now() }
  }
  await setTimeout(generated.pieceMs.at(-1) ?? generated.reasonedMs, undefined, { signal: stage.gone })
  return { gap: 0, split: undefined, due: undefined }
}

/** The pace after the first `sent` chunks. */
function continued({ due, ...pace }: Pace, sent: number): Pace {
  return { ...pace, due: due && (index => due(index + sent)) }
}

/** Write by write, each handed to the kernel before the next. */
async function send({ response, gone }: Stage, chunks: Buffer[], pace: Pace): Promise<void> {
  for (const [index, chunk] of pieces(chunks, pace).entries()) {
    const wait = pace.due ? pace.due(index) : index > 0 ? pace.gap : undefined
    if (wait !== undefined) {
      await (wait > 0 ? setTimeout(wait, undefined, { signal: gone }) : setImmediate())
    }
    await new Promise(resolve => response.write(chunk, resolve))
    if (gone.aborted) return
  }
}

/** Chunks without pauses are sent at once, unless the scenario splits them into odd pieces. */
function pieces(chunks: Buffer[], { gap, split, due }: Pace): Buffer[] {
  if (split === undefined) return gap > 0 || due ? chunks : [Buffer.concat(chunks)]
  const whole = Buffer.concat(chunks)
  const count = Math.ceil(whole.length / split)
  return Array.from({ length: count }, (_, index) => whole.subarray(index * split, (index + 1) * split))
}
