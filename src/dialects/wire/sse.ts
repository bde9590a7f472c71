/** Splits an event stream into frames, independently of its chunks, and reads frames. */

import { asBuffer, CappedBuffer, type CappedBytes } from './capped-buffer.ts'
import { isErrorBody } from './error-shapes.ts'
import { type JsonObject, parseObject, textIn } from './json.ts'
import { spells } from './key-scan.ts'
import type { Shape } from './pruner.ts'

const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
/** Characters of the name of an event. */
const LONGEST_NAME = 64
/** A stream may begin with a byte order mark. */
const MARK = Buffer.from('\uFEFF')

/**
 * Finds the ends of frames in chunks. A blank line ends a frame. A line ends with LF, CRLF or CR. A CR at the end of a
 * chunk ends its line at once, unless the stream has used CRLF; then the next LF belongs to the frame.
 */
export function frameEnds(): (bytes: Buffer, onEnd: (end: number) => void) => void {
  /** Bytes of the present line in earlier chunks. */
  let size = 0
  let usesPairs = false
  /** True: the last chunk ended with a CR; and that line was blank, so the frame ends with the CR or its LF. */
  let afterReturn = false
  let waits = false
  return (bytes, onEnd) => {
    if (bytes.length === 0) return
    let line = 0
    if (afterReturn) {
      if (bytes[0] === NEWLINE) {
        line = 1
        usesPairs = true
      }
      if (waits) onEnd(line)
      afterReturn = waits = false
    }
    let newline = bytes.indexOf(NEWLINE, line)
    let carriage = bytes.indexOf(RETURN, line)
    while (newline >= 0 || carriage >= 0) {
      const isReturn = carriage >= 0 && (newline < 0 || carriage < newline)
      const at = isReturn ? carriage : newline
      const blank = size === 0 && at === line
      size = 0
      line = at + 1
      if (isReturn && line === bytes.length) {
        afterReturn = true
        waits = blank && usesPairs
      } else if (isReturn && newline === line) {
        usesPairs = true
        line++
      }
      if (blank && !waits) onEnd(line)
      if (newline >= 0 && newline < line) newline = bytes.indexOf(NEWLINE, line)
      if (carriage >= 0 && carriage < line) carriage = bytes.indexOf(RETURN, line)
    }
    size += bytes.length - line
  }
}

/**
 * Calls back with the bytes of each frame, blank line included. A frame that is too large has only its beginning and the
 * members in `shape`. `end` handles the bytes after the last blank line; `isOpen` returns true if there are any.
 */
export function frames(shape: Shape, onFrame: (frame: CappedBytes) => void) {
  const kept = new CappedBuffer(shape)
  const eachEnd = frameEnds()
  return {
    push(chunk: Uint8Array) {
      const bytes = asBuffer(chunk)
      let begin = 0
      eachEnd(bytes, end => {
        const frame = begin === 0 && end === bytes.length ? bytes : bytes.subarray(begin, end)
        begin = end
        if (kept.empty) return onFrame({ bytes: frame, large: undefined })
        kept.keep(frame)
        onFrame(kept.take())
      })
      if (begin < bytes.length) kept.keep(bytes.subarray(begin))
    },
    end() {
      if (!kept.empty) onFrame(kept.take())
    },
    isOpen: () => !kept.empty,
  }
}

/**
 * Returns the event of a frame: from its line `event: NAME`, else from the `type` in its data, else `error` if the data is
 * an error; else empty.
 */
export function eventType(frame: CappedBytes): string {
  const name = eventName(frame.bytes)
  if (name !== '') return name
  const data = frameObject(frame) ?? {}
  return textIn(data.type) ?? (isErrorBody(data) ? 'error' : '')
}

/** Returns the object in a frame's data; for a large frame its kept members. Some servers send an error without `data:`. */
export function frameObject({ bytes, large }: CappedBytes): JsonObject | undefined {
  return large ? large.members : (parseObject(frameData(bytes)) ?? bareObject(bytes))
}

function bareObject(frame: Buffer): JsonObject | undefined {
  const lines = linesOf(frame).filter(line => !FIELD.test(line))
  return lines.length > 0 && lines[0]?.trimStart().startsWith('{') ? parseObject(lines.join('\n')) : undefined
}

const FIELD = /^(data|event|id|retry)?:|^$/

/** Returns the value of the line `event: NAME`, which begins most frames; empty if there is none. */
export function eventName(frame: Buffer): string {
  let at = frame[0] === MARK[0] && frame.indexOf(MARK) === 0 ? MARK.length : 0
  for (let newline = -1; at < frame.length; at = lineEnd(frame, at, newline) + 1) {
    if (spells(frame, at, EVENT)) return nameAt(frame, at + EVENT.length)
    // Searched once for all lines before it that end with CR.
    if (newline < at) newline = newlineFrom(frame, at)
  }
  return ''
}

const EVENT = 'event:'
/** The last name: most events of a stream have the same one, which needs no new string. */
let last = ''

function nameAt(frame: Buffer, from: number): string {
  const start = frame[from] === SPACE ? from + 1 : from
  if (isLineEnd(frame[start + last.length]) && spells(frame, start, last)) return last
  const name = frame.toString('latin1', from, lineEnd(frame, from)).trim()
  if (name.length <= LONGEST_NAME) last = name
  return name
}

/** Also true after the end of the frame. */
function isLineEnd(one: number | undefined): boolean {
  return one === NEWLINE || one === RETURN || one === undefined
}

/** `newline`: the next newline. */
function lineEnd(frame: Buffer, from: number, newline = newlineFrom(frame, from)): number {
  const carriage = frame.subarray(from, newline).indexOf(RETURN)
  return carriage < 0 ? newline : from + carriage
}

/** The length of the frame if there is none. */
function newlineFrom(frame: Buffer, from: number): number {
  const newline = frame.indexOf(NEWLINE, from)
  return newline < 0 ? frame.length : newline
}

/** Returns the text of a frame's data lines. */
export function frameData(frame: Buffer): string {
  return linesOf(frame)
    .filter(line => line.startsWith('data:'))
    .map(line => line.slice(5))
    .join('\n')
}

function linesOf(frame: Buffer): string[] {
  return frame
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r\n?|\n/)
}
