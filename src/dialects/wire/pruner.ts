/**
 * Reads some members of a JSON object that comes in chunks. It reads each byte once and does not keep other members. The
 * result is an object with only these members, at the same places. Of other members it checks only brackets and strings.
 */

import { type JsonObject, parseObject } from './json.ts'
import { byte } from './json-bytes.ts'
import { isSpace, stringEnds, unescaped } from './json-scan.ts'

/** Members to keep: whole (`true`), or only some members of an object or of each object of a list. */
export interface Shape {
  readonly [name: string]: true | Shape
}

export interface Pruner {
  push(bytes: Buffer): void
  /** Undefined: the bytes are not exactly one whole object. */
  end(): JsonObject | undefined
}

/** Largest kept value, in bytes. An empty object replaces a longer value. */
const LONGEST = 262_144
/** Highest number of kept characters. */
const MOST = 1_048_576
/** Above this number of kept characters, further objects of a list are dropped. */
const MOST_OF_LISTS = 524_288
/** Longest name of a member to keep. */
const LONGEST_NAME = 64

/** An object or a list with members to keep. */
interface Level {
  shape: Shape
  isList: boolean
  members: number
}

export function pruner(shape: Shape): Pruner {
  const levels: Level[] = []
  let text = ''
  let closed = false
  let broken = false
  /** The last name, and whether its value is next. */
  let name = ''
  let isValueNext = true
  /** Number of open objects and lists inside a skipped value. */
  let inside = 0
  let isScalar = false
  let string: 'none' | 'name' | 'value' = 'none'
  /** True: the bytes so far end inside a string, after an odd number of backslashes. */
  const stringEnd = stringEnds()
  /** The present kept value: its parts from earlier chunks, and its offset in this chunk. */
  let keeping = false
  let parts: Buffer[] = []
  let size = 0
  let from = 0

  function push(bytes: Buffer) {
    from = 0
    for (let at = 0; at < bytes.length; at++) {
      if (string !== 'none') {
        const quote = stringEnd(bytes, at)
        if (string === 'name' && name.length <= LONGEST_NAME)
          name += bytes.toString(
            'latin1',
            at,
            quote < 0 ? bytes.length : Math.min(quote, at + LONGEST_NAME + 1),
          )
        if (quote < 0) break
        at = quote
        endString(bytes, quote)
        continue
      }
      switch (bytes[at]) {
        case byte.quote:
          if (inside === 0) beginString(at)
          else string = 'value'
          break
        case byte.openObject:
        case byte.openList:
          open(bytes[at] === byte.openList, at)
          break
        case byte.closeObject:
        case byte.closeList:
          close(bytes[at] === byte.closeList, bytes, at)
          break
        case byte.comma:
          if (inside > 0) break
          endScalar(bytes, at)
          isValueNext = levels.at(-1)?.isList ?? true
          name = ''
          break
        case byte.colon:
          if (inside === 0) isValueNext = true
          break
        default:
          if (inside === 0 && !isScalar && !isSpace(bytes[at])) beginScalar(at)
      }
    }
    if (keeping) keep(bytes.subarray(from))
  }

  function beginString(at: number) {
    if (levels.length === 0) broken = true
    string = isValueNext ? 'value' : 'name'
    if (isValueNext) beginScalar(at)
    else name = ''
  }

  function endString(bytes: Buffer, quote: number) {
    if (string === 'name') name = unescaped(name)
    string = 'none'
    if (inside === 0) endScalar(bytes, quote + 1)
  }

  /** Handles a string, a number or a literal. Such items of a list with objects to keep are dropped. */
  function beginScalar(at: number) {
    const level = levels.at(-1)
    if (!level) broken = true
    if (level && !level.isList && Object.hasOwn(level.shape, name)) beginValue(at)
    isScalar = true
  }

  function endScalar(bytes: Buffer, end: number) {
    if (isScalar) endValue(bytes, end)
    isScalar = false
  }

  function open(isList: boolean, at: number) {
    if (inside > 0) return void inside++
    const level = levels.at(-1)
    const wanted = level ? wantedOf(level) : closed || isList ? undefined : shape
    if (!level && !wanted) broken = true
    if (wanted === undefined || wanted === true) {
      inside = 1
      if (wanted) beginValue(at)
      return
    }
    if (level) text += label(level)
    text += isList ? '[' : '{'
    levels.push({ shape: wanted, isList, members: 0 })
    isValueNext = isList
    name = ''
  }

  function wantedOf(level: Level): true | Shape | undefined {
    if (level.isList) return text.length < MOST_OF_LISTS ? level.shape : undefined
    return Object.hasOwn(level.shape, name) ? level.shape[name] : undefined
  }

  function close(isList: boolean, bytes: Buffer, at: number) {
    if (inside > 0) {
      inside--
      if (inside === 0) endValue(bytes, at + 1)
      return
    }
    endScalar(bytes, at)
    const level = levels.pop()
    if (level?.isList !== isList) broken = true
    text += isList ? ']' : '}'
    closed ||= levels.length === 0
  }

  function beginValue(at: number) {
    keeping = true
    from = at
    size = 0
    parts = []
  }

  /** Copies the part, because a slice would keep the whole chunk in memory. */
  function keep(part: Buffer) {
    size += part.length
    if (size <= LONGEST) parts.push(Buffer.from(part))
    from = 0
  }

  function endValue(bytes: Buffer, end: number) {
    const level = levels.at(-1)
    if (!keeping || !level) return
    keep(bytes.subarray(from, end))
    const isKept = size <= LONGEST && text.length < MOST
    text += label(level) + (isKept ? Buffer.concat(parts).toString('utf8') : '{}')
    keeping = false
    parts = []
  }

  function label(level: Level): string {
    const comma = level.members++ > 0 ? ',' : ''
    return level.isList ? comma : `${comma}${JSON.stringify(name)}:`
  }

  return { push, end: () => (closed && !broken ? parseObject(text) : undefined) }
}
