/** Event streams as bytes: where frames end, wherever the chunks do, and what stands in a frame. */

import { asBuffer, type Excerpt, keeper } from './excerpt.ts'
import { spells } from './glance.ts'
import { type JsonObject, parseObject, textIn } from './json.ts'
import type { Shape } from './pruner.ts'

const NEWLINE = 0x0a
const RETURN = 0x0d

/** Finds the ends of frames, which are the ends of blank lines, in bytes that come in chunks. */
export function frameEnds(): (bytes: Buffer, see: (end: number) => void) => void {
  // Of the line that has begun: how many bytes came in earlier chunks, and whether the first of them was a CR.
  let size = 0
  let startsWithReturn = false
  return (bytes, see) => {
    let line = 0
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, line)) {
      const width = size + at - line
      const blank = width === 0 || (width === 1 && (size === 1 ? startsWithReturn : bytes[line] === RETURN))
      line = at + 1
      size = 0
      if (blank) see(line)
    }
    if (size === 0) startsWithReturn = bytes[line] === RETURN
    size += bytes.length - line
  }
}

/**
 * Hands on each frame as it came, blank line included; of one that is too large to keep its beginning and the members
 * in `shape`. `end` hands on what came after the last blank line; `open`: there is such a rest.
 */
export function frames(shape: Shape, see: (frame: Excerpt) => void) {
  const kept = keeper(shape)
  const eachEnd = frameEnds()
  return {
    push(chunk: Uint8Array) {
      const bytes = asBuffer(chunk)
      let begin = 0
      eachEnd(bytes, end => {
        const frame = begin === 0 && end === bytes.length ? bytes : bytes.subarray(begin, end)
        begin = end
        if (kept.empty) return see({ bytes: frame, large: undefined })
        kept.keep(frame)
        see(kept.take())
      })
      if (begin < bytes.length) kept.keep(bytes.subarray(begin))
    },
    end() {
      if (!kept.empty) see(kept.take())
    },
    get open() {
      return !kept.empty
    },
  }
}

/** What kind of event a frame is: by its line `event: NAME`, else by the `type` in its data; empty where neither is there. */
export function eventType(frame: Excerpt): string {
  return eventName(frame.bytes) || (textIn(frameObject(frame)?.type) ?? '')
}

/** The object in a frame's data; of a large frame only the members that were kept. */
export function frameObject({ bytes, large }: Excerpt): JsonObject | undefined {
  return large ? large.members : parseObject(frameData(bytes))
}

function eventName(frame: Buffer): string {
  for (let at = 0; at < frame.length; ) {
    const newline = frame.indexOf(NEWLINE, at)
    const next = newline < 0 ? frame.length : newline + 1
    if (spells(frame, at, 'event:')) return frame.toString('latin1', at + 6, next).trim()
    at = next
  }
  return ''
}

/** The text of a frame's data lines. */
export function frameData(frame: Buffer): string {
  return frame
    .toString('utf8')
    .split(/\r?\n/)
    .filter(line => line.startsWith('data:'))
    .map(line => line.slice(5))
    .join('\n')
}
