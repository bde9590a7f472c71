/** Sends one answer the way its scenario wants it: whole, slowly, in odd pieces, or broken off. */

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Scenario } from './scenario.ts'

export interface Answer {
  status: number
  headers: OutgoingHttpHeaders
  /** The body; a stream's is one chunk per delta, with the frames before and after them as first and last. */
  chunks: Buffer[]
  /** How many chunks are sent before the ending, where it is not `whole`. */
  cut: number
  errorFrames: Buffer
}

export interface Stage {
  response: ServerResponse
  /** The caller is gone. */
  gone: AbortSignal
  /** Called just before the provider itself breaks off. */
  breakOff(): void
}

/** Resolves when nothing more will be sent; rejects when the caller leaves during a pause. */
export async function play(stage: Stage, answer: Answer, scenario: Scenario): Promise<void> {
  const { response, gone } = stage
  if (scenario.delay > 0) await setTimeout(scenario.delay, undefined, { signal: gone })
  if (scenario.ending === 'silent') return
  if (scenario.ending === 'unread') return cut(stage)
  response.writeHead(answer.status, answer.headers)
  if (scenario.ending === 'whole') return finish(stage, answer.chunks, scenario)
  if (scenario.ending === 'reset') {
    response.flushHeaders()
    await setImmediate()
    stage.breakOff()
    response.socket?.resetAndDestroy()
    return
  }
  await send(stage, answer.chunks.slice(0, answer.cut), scenario)
  if (scenario.ending === 'die') return cut(stage)
  if (scenario.ending === 'stall') {
    if (scenario.stallMs === undefined) return
    await setTimeout(scenario.stallMs, undefined, { signal: gone })
    return finish(stage, answer.chunks.slice(answer.cut), scenario)
  }
  stage.breakOff()
  response.end(scenario.ending === 'error' ? answer.errorFrames : undefined)
}

function cut({ response, breakOff }: Stage) {
  breakOff()
  response.socket?.destroy()
}

async function finish(stage: Stage, chunks: Buffer[], scenario: Scenario): Promise<void> {
  const [only, ...more] = chunks
  if (only && more.length === 0 && scenario.split === undefined) {
    // As a string a small body goes out in one write with its headers; latin1 keeps every byte as it is.
    if (only.length < 65_536) stage.response.end(only.toString('latin1'), 'latin1')
    else stage.response.end(only)
    return
  }
  await send(stage, chunks, scenario)
  stage.response.end()
}

/** Write by write, each handed to the kernel before the next. */
async function send({ response, gone }: Stage, chunks: Buffer[], { gap, split }: Scenario): Promise<void> {
  for (const [index, chunk] of pieces(chunks, gap, split).entries()) {
    if (index > 0) await (gap > 0 ? setTimeout(gap, undefined, { signal: gone }) : setImmediate())
    await new Promise(resolve => response.write(chunk, resolve))
    if (gone.aborted) return
  }
}

/** What is to arrive without pauses goes out at once, unless it is to arrive in odd pieces. */
function pieces(chunks: Buffer[], gap: number, split: number | undefined): Buffer[] {
  if (split === undefined) return gap > 0 ? chunks : [Buffer.concat(chunks)]
  const whole = Buffer.concat(chunks)
  const count = Math.ceil(whole.length / split)
  return Array.from({ length: count }, (_, index) => whole.subarray(index * split, (index + 1) * split))
}
