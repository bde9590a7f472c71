/** Parses the body of a call if it is within the limits on its shape. A large body is parsed in several turns of the event loop. */

import { StringDecoder } from 'node:string_decoder'
import { mayExceedEscapes, refuseEscapes, scanWithinLimits } from '../dialects/wire/json-limits.ts'
import type { Member } from '../dialects/wire/json-scan.ts'
import { refusal } from '../errors.ts'
import { isLarge, nextTurn } from './turns.ts'

/** Bytes that are decoded in one step. */
const SLICE = 4_194_304

export interface ParsedBody {
  value: unknown
  /** The members of the object in the bytes, repeated ones included. */
  members: readonly Member[]
}

/** Returns a promise only for a large body. */
export function parseBody(raw: Buffer): ParsedBody | Promise<ParsedBody> {
  if (raw.length === 0) throw refusal('invalid_request', 'The body is empty; send a JSON object.')
  if (isLarge(raw)) return parseInTurns(raw)
  const members = scanWithinLimits(raw)
  return { value: parse(raw.toString('utf8')), members }
}

async function parseInTurns(raw: Buffer): Promise<ParsedBody> {
  await nextTurn()
  const members = scanWithinLimits(raw)
  const decoder = new StringDecoder('utf8')
  const parts: string[] = []
  let escapes = 0
  for (let at = 0; at < raw.length; at += SLICE) {
    await nextTurn()
    const slice = raw.subarray(at, at + SLICE)
    if (mayExceedEscapes(raw)) escapes = refuseEscapes(slice, escapes)
    parts.push(decoder.write(slice))
  }
  parts.push(decoder.end())
  await nextTurn()
  // A string built with + would be copied inside JSON.parse, in the same turn. A join of one part copies nothing.
  const text = parts.filter(part => part !== '').join('')
  await nextTurn()
  const value = parse(text)
  await nextTurn()
  return { value, members }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const where = error instanceof Error ? / at position \d+/.exec(error.message)?.[0] : undefined
    throw refusal(
      'invalid_request',
      `The body is not valid JSON${where ? ` (it breaks${where})` : ''}; send a JSON object.`,
    )
  }
}
