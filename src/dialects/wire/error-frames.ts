/**
 * Redacts a provider's error inside a successful response. Names of the gateway's account and its secrets are replaced in
 * place; all other bytes stay. A frame of a stream is held back until it is whole, because only a whole frame shows
 * whether it is an error. Most frames arrive whole, and a client cannot use a part of a frame.
 */

import type { FrameFilter, Measured } from '../dialect.ts'
import { asBuffer } from './capped-buffer.ts'
import { isErrorBody, isErrorType } from './error-shapes.ts'
import { isObject, type JsonObject, listIn, parseObject } from './json.ts'
import { byte } from './json-bytes.ts'
import { scanObject } from './json-scan.ts'
import { type Redaction, redactedBytes } from './redact.ts'
import { type Chunks, redactedJson } from './redact-json.ts'
import type { ResponseShapes } from './response-shape.ts'
import { eventName, eventType, frameData, frameEnds } from './sse.ts'

/** Replaces the secrets in the bytes of any response. */
export interface Scanner {
  bytes(bytes: Buffer, text?: string): Buffer
  chunks(): Chunks
}

/** Highest number of bytes that are held back. The beginning of a longer frame shows whether it is an error. */
const LONGEST = 262_144
/** Members whose value may show that a frame is an error. */
const MARKS = ['type', 'object']

/** Redacts the frames with an error, and secrets in every frame. */
export function errorFrames(redaction: Redaction, scanner: Scanner, shapes: ResponseShapes): FrameFilter {
  const eachEnd = frameEnds()
  let held: Buffer[] = []
  let size = 0
  /** True: no frame has begun. */
  let isBetween = true
  /** The redactor of a frame that is too long to be held back. */
  let rest: Chunks | undefined

  function release(): Buffer {
    const bytes = held.length === 1 ? held[0]! : Buffer.concat(held)
    held = []
    size = 0
    return bytes
  }

  /** The last part of a frame that is held back; `text`: the same as latin1. */
  function finish(part: Buffer, text: string): Buffer {
    if (held.length === 0) return redactedFrame(part, text)
    held.push(part)
    const frame = release()
    return redactedFrame(frame, frame.toString('latin1'))
  }

  function redactedFrame(frame: Buffer, text: string): Buffer {
    return isError(frame, text, shapes) ? redactedBytes(frame, redaction) : frame
  }

  /** Handles a part of a frame. */
  function keep(part: Buffer): Buffer | undefined {
    if (rest) return rest.push(part)
    held.push(part)
    size += part.length
    if (size <= LONGEST) return undefined
    const beginning = release()
    rest = redactedChunks(redaction, scanner, shapes, beginsError(beginning))
    return rest.push(beginning)
  }

  return {
    push(chunk) {
      const bytes = asBuffer(chunk)
      const text = bytes.toString('latin1')
      // Most chunks are one frame without an error.
      if (isBetween && isOneFrame(text) && isOrdinary(text, shapes)) return scanner.bytes(bytes, text)
      const frames: Buffer[] = []
      let longEnd: Buffer | undefined
      let from = 0
      eachEnd(bytes, end => {
        const isAll = from === 0 && end === bytes.length
        const part = isAll ? bytes : bytes.subarray(from, end)
        if (rest) longEnd = joined([rest.push(part), rest.end()])
        else frames.push(finish(part, isAll ? text : text.slice(from, end)))
        rest = undefined
        from = end
      })
      const whole = joined(frames)
      isBetween = from === bytes.length
      const open = from < bytes.length ? keep(bytes.subarray(from)) : undefined
      return joined([longEnd, whole && scanner.bytes(whole), open])
    },
    end() {
      if (rest) return rest.end()
      if (held.length === 0) return undefined
      // A frame that cannot be parsed may be an error that is cut off.
      return scanner.bytes(redactedFrame(release(), ''))
    },
  }
}

/** Joins the parts. A single part is not copied. */
function joined(parts: (Buffer | undefined)[]): Buffer | undefined {
  const given = parts.filter(part => part !== undefined)
  return given.length > 1 ? Buffer.concat(given) : given[0]
}

/** Redacts JSON that is too long to be held back: secrets everywhere, names only in errors. */
export function redactedChunks(
  redaction: Redaction,
  scanner: Scanner,
  shapes: ResponseShapes,
  isFailed = false,
): Chunks {
  const secrets = scanner.chunks()
  const names = redactedJson(redaction, shapes, isFailed)
  return {
    push: chunk => names.push(secrets.push(chunk)),
    end() {
      const last = secrets.end()
      return joined([last && names.push(last), names.end()])
    },
  }
}

const GIVEN_ERROR = /"(?:errors?|warnings?)"\s*:\s*[{["]/

/** Redacts a whole JSON response. It may be an error that the meter does not know. Output beside an error does not change. */
export function redactedResponse(
  body: Buffer,
  { failed, usage }: Pick<Measured, 'failed' | 'usage'>,
  redaction: Redaction,
  scanner: Scanner,
  shapes: ResponseShapes,
): Buffer {
  const text = body.toString('latin1')
  const isSuspect = failed !== undefined || usage === undefined || GIVEN_ERROR.test(text)
  if (!isSuspect) return scanner.bytes(body, text)
  const data = parseObject(body.toString('utf8')) ?? {}
  const isFailed = !hasOutput(data, shapes) && (failed !== undefined || isErrorBody(data) || !usage)
  if (isFailed) return redactedBytes(body, redaction)
  const names = redactedJson(redaction, shapes)
  const clean = joined([names.push(body), names.end()])!
  return scanner.bytes(clean.equals(body) ? body : clean)
}

function hasOutput(body: JsonObject, { counts, whole }: ResponseShapes): boolean {
  return counts.some(name => body[name] !== undefined) || whole.some(name => listIn(body[name]).length > 0)
}

/** Recognises most frames without an error, so that few are parsed. A search in text is faster than in bytes. */
function isOrdinary(text: string, { hasOutput }: ResponseShapes): boolean {
  return !text.includes('rror') && !COMMENT.test(text) && hasOutput.test(text)
}

const COMMENT = /^:/m
function isOneFrame(text: string): boolean {
  return text.endsWith('\n\n') && text.indexOf('\n\n') === text.length - 2 && !text.includes('\r')
}

function isError(frame: Buffer, text: string, shapes: ResponseShapes): boolean {
  if (isOrdinary(text, shapes)) return false
  if (isErrorType(eventType({ bytes: frame, large: undefined }))) return true
  const data = parseObject(frameData(frame))
  // Comments, `[DONE]`, and text that is not an event.
  return data === undefined || COMMENT.test(text) || !isOutput(data, shapes)
}

/** Returns true for an event or chunk of output. Names are redacted in everything else. */
function isOutput(data: JsonObject, { chunks, hasOutput }: ResponseShapes): boolean {
  if (isErrorBody(data) || ['message', 'detail', 'msg'].some(name => typeof data[name] === 'string'))
    return false
  const chunk = chunks.find(name => Array.isArray(data[name]))
  if (chunk !== undefined) return listIn(data[chunk]).length > 0 || isObject(data.usage)
  return hasOutput.test(`"type":${JSON.stringify(data.type)}`)
}

/** The member that is cut off. */
const OPEN_ERROR = /^\s*[{,]\s*"(?:errors?"\s*:\s*["{[]|(?:message|detail|msg)"\s*:\s*")/

/** For a frame that is not whole. */
export function beginsError(bytes: Buffer): boolean {
  if (isErrorType(eventName(bytes))) return true
  const from = bytes.indexOf(byte.openObject)
  if (from < 0) return false
  const { members } = scanObject(bytes, from)
  if (
    members.some(
      ({ name, start, end }) =>
        MARKS.includes(name) && isErrorType(bytes.toString('latin1', start + 1, end - 1)),
    )
  )
    return true
  const next = members.at(-1)?.end ?? from
  return OPEN_ERROR.test(bytes.toString('latin1', next, next + 64))
}
