/**
 * A provider's error inside a successful response is passed on byte for byte, but for names of our account and our
 * secrets, which are replaced in place. A frame of a stream is kept back until it is whole, as most are when they arrive:
 * a caller can use no part of it, and only a whole frame shows whether it is an error.
 */

import type { FrameFilter, Measured } from './dialect.ts'
import { asBuffer } from './excerpt.ts'
import { isObject, type JsonObject, objectIn, parseObject } from './json.ts'
import { byte, scanObject } from './json-scan.ts'
import { type Redaction, redactedBytes } from './redact.ts'
import { eventType, frameData, frameEnds } from './sse.ts'

/** Replaces the secrets in a response's bytes, whatever they say. */
export interface Scanner {
  bytes(bytes: Buffer): Buffer
  chunks(): { push(chunk: Buffer): Buffer; end(): Buffer | undefined }
}

/** What is kept back at most. A longer frame is an error only if its beginning says so. */
const LONGEST = 262_144
const BLANK_LINE = Buffer.from('\n\n')
const ERRORS = new Set<unknown>(['error', 'response.failed'])

/** The error's frames are redacted, and secrets in every frame. */
export function errorFrames(redaction: Redaction, scanner: Scanner): FrameFilter {
  const eachEnd = frameEnds()
  let held: Buffer[] = []
  let size = 0
  /** A frame that is longer than what is kept back: its parts go through here. */
  let rest: ReturnType<Scanner['chunks']> | undefined

  function release(): Buffer {
    const bytes = held.length === 1 ? held[0]! : Buffer.concat(held)
    held = []
    size = 0
    return bytes
  }

  function shown(frame: Buffer): Buffer {
    return isError(frame) ? redactedBytes(frame, redaction) : scanner.bytes(frame)
  }

  /** The last part of a frame. */
  function finished(part: Buffer): Buffer[] {
    if (!rest) {
      held.push(part)
      return [shown(release())]
    }
    const last = [rest.push(part), rest.end()]
    rest = undefined
    return last.filter(one => one !== undefined)
  }

  function begun(part: Buffer): Buffer[] {
    if (rest) return [rest.push(part)]
    held.push(part)
    size += part.length
    if (size <= LONGEST) return []
    const beginning = release()
    if (beginsError(beginning)) {
      rest = leftOut
      return [redactedBytes(wholeWords(beginning), redaction)]
    }
    rest = scanner.chunks()
    return [rest.push(beginning)]
  }

  return {
    push(chunk) {
      const bytes = asBuffer(chunk)
      const out: Buffer[] = []
      let begin = 0
      eachEnd(bytes, end => {
        const isAll = begin === 0 && end === bytes.length
        out.push(...finished(isAll ? bytes : bytes.subarray(begin, end)))
        begin = end
      })
      if (begin < bytes.length) out.push(...begun(bytes.subarray(begin)))
      return out.length > 1 ? Buffer.concat(out) : out[0]
    },
    end() {
      if (rest) return rest.end()
      return held.length > 0 ? shown(release()) : undefined
    },
  }
}

/** A whole JSON response. One without usage may be an error that the meter does not know. */
export function redactedResponse(
  body: Buffer,
  { failed, usage }: Pick<Measured, 'failed' | 'usage'>,
  redaction: Redaction,
  scanner: Scanner,
): Buffer {
  const isFailed = failed !== undefined || (usage === undefined && isErrorBody(objectOf(body)))
  return isFailed ? redactedBytes(body, redaction) : scanner.bytes(body)
}

function objectOf(body: Buffer): JsonObject {
  return parseObject(body.toString('utf8')) ?? {}
}

/** Of an endless error the rest is left out: no part of it can be looked at as a whole. */
const leftOut: ReturnType<Scanner['chunks']> = { push: () => Buffer.alloc(0), end: () => BLANK_LINE }

/** Without the word that the end cuts off: part of a name is not recognised. */
function wholeWords(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && bytes[end - 1]! > 0x20 && bytes[end - 1] !== byte.quote) end--
  return bytes.subarray(0, end)
}

function isError(frame: Buffer): boolean {
  // The bytes tell nearly all frames apart, so that few are parsed.
  if (!frame.includes('error') && (frame.includes('"choices"') || frame.includes('"type"'))) return false
  if (ERRORS.has(eventType({ bytes: frame, large: undefined }))) return true
  const data = parseObject(frameData(frame))
  // Comments, `[DONE]`, and words that are no event.
  return data === undefined || isErrorBody(data)
}

function isErrorBody(data: JsonObject): boolean {
  const { type, object, error, errors, response, choices } = data
  if (ERRORS.has(type) || object === 'error') return true
  if (isGiven(error) || isGiven(errors) || isGiven(objectIn(response).error)) return true
  return (
    type === undefined && choices === undefined && ['message', 'detail', 'msg'].some(name => name in data)
  )
}

function isGiven(value: unknown): boolean {
  return (
    isObject(value) ||
    (Array.isArray(value) && value.length > 0) ||
    (typeof value === 'string' && value !== '')
  )
}

/** Of a frame that is not whole. */
function beginsError(bytes: Buffer): boolean {
  if (ERRORS.has(eventType({ bytes, large: { size: bytes.length, members: undefined } }))) return true
  const from = bytes.indexOf('{')
  const { members } = scanObject(bytes, from < 0 ? bytes.length : from)
  if (members.some(({ start, end }) => ERRORS.has(bytes.toString('latin1', start + 1, end - 1)))) return true
  return /^\s*\{\s*"(error|errors|message|detail|msg)"/.test(bytes.toString('latin1', from, from + 64))
}
