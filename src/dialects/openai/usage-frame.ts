/**
 * Hides the one frame of a chat stream that tells nothing but usage, for a caller who did not ask for it. A frame is kept
 * back until it is whole, as most are when they arrive; all bytes but those of that one frame go on unchanged.
 */

import type { FrameFilter } from '../dialect.ts'
import { asBuffer } from '../wire/capped-buffer.ts'
import { isObject, parseObject } from '../wire/json.ts'
import { byte, scanObject } from '../wire/json-scan.ts'
import { frameData, frameEnds } from '../wire/sse.ts'

/** A usage frame is small: what grows beyond this is another one, and need not wait for its end. */
const LONGEST = 65_536

export function usageFrameFilter(): FrameFilter {
  const eachEnd = frameEnds()
  let held: Buffer[] = []
  let size = 0
  /** A frame is under way that is too long to be the one. */
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

/** Usage without choices, and without a word on anything else. */
function hasOnlyUsage(frame: Buffer): boolean {
  // The text rules out most frames, so that few are parsed: elsewhere usage is null.
  if (!CANDIDATE.test(frame.toString('latin1'))) return false
  const chunk = parseObject(frameData(frame))
  return chunk !== undefined && isEmpty(chunk.choices) && !chunk.error && !chunk.moderation && hasUsage(frame)
}

/** Small letters have no need of an escape: a name with one may be any. */
const CANDIDATE = /"usage" *: *[^ n]|\\u00[67]/

/** A member of the chunk itself. One that is repeated counts, too: its bytes would be passed on. */
function hasUsage(frame: Buffer): boolean {
  const data = Buffer.from(frameData(frame))
  return scanObject(data).members.some(
    ({ name, start }) => name === 'usage' && data[start] === byte.openObject,
  )
}

/** Compatible servers send null, no member at all, or a choice that says nothing, instead of an empty list. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  if (Array.isArray(value)) return value.every(isEmpty)
  return isObject(value) && Object.entries(value).every(([name, one]) => name === 'index' || isEmpty(one))
}
