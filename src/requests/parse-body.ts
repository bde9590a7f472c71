/** Parses the body of a call if it is within the limits on its shape. A large body is parsed in several turns of the event loop. */

import { isAscii } from 'node:buffer'
import { StringDecoder } from 'node:string_decoder'
import {
  mayExceedEscapes,
  refuseEscapes,
  type Scanned,
  scanWithinLimits,
} from '../dialects/wire/json-limits.ts'
import { isValidText, rangesAround } from '../dialects/wire/long-texts.ts'
import { refusal } from '../errors.ts'
import { isLarge, nextTurn } from './turns.ts'

/** Bytes that are decoded in one step. */
const SLICE = 4_194_304

type Range = [from: number, to: number]

export interface ParsedBody extends Scanned {
  /** Long texts are empty in it. */
  value: unknown
}

/** Returns a promise only for a large body. */
export function parseBody(raw: Buffer): ParsedBody | Promise<ParsedBody> {
  if (raw.length === 0) throw refusal('invalid_request', 'The body is empty; send a JSON object.')
  if (isLarge(raw)) return parseInTurns(raw)
  const scanned = scanWithinLimits(raw)
  const ranges = rangesOf(raw, scanned)
  const text = ranges.map(([from, to]) => raw.toString('utf8', from, to)).join('')
  return { value: parse(text, raw, ranges), ...scanned }
}

async function parseInTurns(raw: Buffer): Promise<ParsedBody> {
  await nextTurn()
  const scanned = scanWithinLimits(raw)
  let escapes = 0
  for (let at = 0; mayExceedEscapes(raw) && at < raw.length; at += SLICE) {
    await nextTurn()
    escapes = refuseEscapes(raw.subarray(at, at + SLICE), escapes)
  }
  await nextTurn()
  const decoder = new StringDecoder('utf8')
  const parts: string[] = []
  const ranges = rangesOf(raw, scanned)
  for (const [from, to] of ranges) {
    for (let at = from; at < to; at += SLICE) {
      if (at > from) await nextTurn()
      parts.push(decoder.write(raw.subarray(at, Math.min(at + SLICE, to))))
    }
  }
  parts.push(decoder.end())
  await nextTurn()
  // A string built with + would be copied inside JSON.parse, in the same turn. A join of one part copies nothing.
  const text = parts.filter(part => part !== '').join('')
  await nextTurn()
  const value = parse(text, raw, ranges)
  await nextTurn()
  return { value, ...scanned }
}

/** The ranges to parse: all but the long texts, or the whole of a body with an invalid text. */
function rangesOf(raw: Buffer, { texts }: Scanned): Range[] {
  return rangesAround(raw, texts.every(text => isValidText(raw, text)) ? texts : [])
}

function parse(text: string, raw: Buffer, ranges: readonly Range[]): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const [, at] = / at position (\d+)/.exec(String(error)) ?? []
    const where = at && ` (it breaks at position ${positionIn(raw, ranges, Number(at))})`
    throw refusal('invalid_request', `The body is not valid JSON${where ?? ''}; send a JSON object.`)
  }
}

/** The position in the whole body, in UTF-16 units, of a position in the text of the ranges. */
function positionIn(raw: Buffer, ranges: readonly Range[], position: number): number {
  let rest = position
  let before = 0
  let end = 0
  for (const [from, to] of ranges) {
    before += unitsIn(raw, end, from)
    const units = unitsIn(raw, from, to)
    if (rest < units) break
    rest -= units
    before += units
    end = to
  }
  return before + rest
}

function unitsIn(raw: Buffer, from: number, to: number): number {
  return isAscii(raw.subarray(from, to)) ? to - from : raw.toString('utf8', from, to).length
}
