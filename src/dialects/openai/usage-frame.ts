/**
 * Removes the usage frame of a chat stream if the client did not ask for it. It holds a frame back until the frame is whole; most
 * frames arrive whole. All other bytes pass unchanged.
 */

import type { FrameFilter } from '../dialect.ts'
import { asBuffer } from '../wire/capped-buffer.ts'
import { isObject, parseObject } from '../wire/json.ts'
import { byte } from '../wire/json-bytes.ts'
import { scanObject } from '../wire/json-scan.ts'
import { frameData, frameEnds } from '../wire/sse.ts'

/** Largest usage frame, in bytes. A longer frame is not held back. */
const LONGEST = 65_536

export function usageFrameFilter(): FrameFilter {
  const eachEnd = frameEnds()
  let held: Buffer[] = []
  let size = 0
  /** True: the present frame is too long to be the usage frame. */
  let passing = false

  function release(): Buffer {
    const bytes = held.length === 1 ? held[0]! : Buffer.concat(held)
    held = []
    size = 0
    return bytes
  }

  return {
    push(chunk) {
      const bytes = asBuffer(chunk)
      const out: Buffer[] = []
      let begin = 0
      eachEnd(bytes, end => {
        held.push(bytes.subarray(begin, end))
        begin = end
        const frame = release()
        if (passing || !hasOnlyUsage(frame)) out.push(frame)
        passing = false
      })
      const rest = bytes.subarray(begin)
      if (rest.length > 0) {
        held.push(rest)
        size += rest.length
        passing ||= size > LONGEST
        if (passing) out.push(release())
      }
      return out.length > 1 ? Buffer.concat(out) : out[0]
    },
    end() {
      const frame = release()
      return frame.length === 0 || hasOnlyUsage(frame) ? undefined : frame
    },
  }
}

/** Returns true for a chunk that has usage, no choices and no other content. */
function hasOnlyUsage(frame: Buffer): boolean {
  // This check of the text excludes most frames, whose usage is null, so that few are parsed.
  if (!CANDIDATE.test(frame.toString('latin1'))) return false
  const chunk = parseObject(frameData(frame))
  return chunk !== undefined && isEmpty(chunk.choices) && !chunk.error && !chunk.moderation && hasUsage(frame)
}

/** A name with an escape may be any name, because small letters need no escape. */
const CANDIDATE = /"usage" *: *[^ n]|\\u00[67]/

/** The members of the chunk. A repeated member counts, because the client would get its bytes. */
function hasUsage(frame: Buffer): boolean {
  const data = Buffer.from(frameData(frame))
  return scanObject(data).members.some(
    ({ name, start }) => name === 'usage' && data[start] === byte.openObject,
  )
}

/** Instead of an empty list, compatible servers send null, no member or an empty choice. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  if (Array.isArray(value)) return value.every(isEmpty)
  return isObject(value) && Object.entries(value).every(([name, one]) => name === 'index' || isEmpty(one))
}
