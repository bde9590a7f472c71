/** Meters Anthropic's answers. In a stream each usage replaces what came before it, field by field; nothing is added up. */

import { usagePart, usageParts } from './anthropic-usage.ts'
import type { Meter } from './dialect.ts'
import { failureName, failureOf } from './failure.ts'
import { oneOf, shownBytes } from './glance.ts'
import { isObject, type JsonObject, objectIn, textIn } from './json.ts'
import { jsonMeter } from './json-meter.ts'
import type { Shape } from './pruner.ts'
import { eventType, frameObject, frames } from './sse.ts'
import { type Asked, count, sound } from './usage.ts'

/** The events that are read; all others only go by. */
const READ = new Set(['message_start', 'message_delta', 'message_stop', 'error'])
/** Text and tool JSON of a delta; thinking is counted by the provider, not by what it shows of it. */
const SHOWN = oneOf(['text', 'partial_json'])

/** Members that are read of a message, and of an event. */
const MESSAGE: Shape = { model: true, usage: true, error: true }
const EVENT: Shape = {
  type: true,
  message: MESSAGE,
  delta: { stop_reason: true },
  usage: true,
  error: true,
}

export function messageMeter(asked: Asked): Meter {
  return jsonMeter(MESSAGE, ({ model, usage, error }) => ({
    usage: isObject(usage) ? usageParts(usage, textIn(model) ?? asked.model, asked) : undefined,
    failed: failureOf(error),
  }))
}

export function eventMeter(asked: Asked): Meter {
  let { model } = asked
  let usage: JsonObject | undefined
  /** A delta has told of usage; and the model has stopped, so that this was the last word. */
  let told = false
  let stopped = false
  let ended = false
  let failed: string | undefined
  let visibleBytes = 0
  let events = 0

  const stream = frames(EVENT, frame => {
    const { bytes, large } = frame
    const name = eventType(frame)
    if (name !== '') events++
    if (name === 'content_block_delta') visibleBytes += large ? large.size : shownBytes(bytes, SHOWN)
    else if (READ.has(name)) read(name, frameObject(frame))
  })

  function read(name: string, event: JsonObject | undefined) {
    if (!event) return
    if (name === 'error') failed = failureName(event.error)
    if (name === 'message_stop') ended = true
    const message = objectIn(event.message)
    model = textIn(message.model) ?? model
    for (const reported of [message.usage, event.usage])
      if (isObject(reported)) usage = { ...usage, ...withoutNulls(reported) }
    told ||= isObject(event.usage)
    stopped ||= textIn(objectIn(event.delta).stop_reason) !== undefined
  }

  return {
    push: stream.push,
    get failed() {
      return failed
    },
    get outputSoFar() {
      return Math.max(visibleBytes, usage ? count(usage, 'output_tokens') || 0 : 0)
    },
    get ended() {
      return ended
    },
    end() {
      const midFrame = stream.open
      stream.end()
      const final = told && (stopped || ended)
      return {
        usage: usage && final ? usageParts(usage, model, asked) : undefined,
        partial: (usage && sound([usagePart(usage, model, asked)])?.[0]) ?? { model },
        ended,
        failed,
        visibleBytes,
        events,
        midFrame,
      }
    },
  }
}

/** What is null was not told again: what was told before still holds. */
function withoutNulls(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null))
}
