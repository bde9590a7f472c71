/**
 * Hides the one frame of a chat stream that tells nothing but usage, for a caller who did not ask for it. A frame is kept
 * back until it is whole, as most are when they arrive; all bytes but those of that one frame go on unchanged.
 */

import type { FrameFilter } from './dialect.ts'
import { asBuffer } from './excerpt.ts'
import { afterColon } from './glance.ts'
import { isObject, parseObject } from './json.ts'
import { byte } from './json-scan.ts'
import { frameData, frameEnds } from './sse.ts'

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
        if (passing || !tellsOnlyUsage(frame)) out.push(frame)
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
      return frame.length === 0 || tellsOnlyUsage(frame) ? undefined : frame
    },
  }
}

/** Usage without choices, and without a word on anything else. */
function tellsOnlyUsage(frame: Buffer): boolean {
  const key = frame.lastIndexOf('"usage"')
  // The bytes tell most frames apart, so that only the one is parsed: elsewhere usage is null.
  if (key < 0 || frame[afterColon(frame, key + 7)] !== byte.openObject) return false
  const chunk = parseObject(frameData(frame))
  return isObject(chunk?.usage) && isNoChoice(chunk.choices) && !chunk.error && !chunk.moderation
}

/** Compatible servers send null, or no member at all, instead of an empty list. */
function isNoChoice(choices: unknown): boolean {
  return choices === undefined || choices === null || (Array.isArray(choices) && choices.length === 0)
}
