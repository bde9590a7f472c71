/** Meters Anthropic's answers. In a stream each usage replaces what came before it, field by field; nothing is added up. */

import { readUsage, usagePart } from './anthropic-usage.ts'
import type { Meter } from './dialect.ts'
import { isErrorType } from './error-shapes.ts'
import { failureName, failureOf } from './failure.ts'
import { oneOf, shownBytes } from './glance.ts'
import { isObject, type JsonObject, listIn, objectIn, textIn } from './json.ts'
import { jsonMeter, unmeasured } from './json-meter.ts'
import type { Shape } from './pruner.ts'
import { eventType, frameObject, frames } from './sse.ts'
import { type Asked, count, hasTokens, sound, statedNanos } from './usage.ts'

/** The events that are read; all others only go by. */
const READ = new Set(['message_start', 'message_delta', 'message_stop', 'error'])
/** Text and tool JSON of a delta; thinking is counted by the provider, not by what it shows of it. */
const SHOWN = oneOf(['text', 'partial_json'])

/** Events that may come before the message. Any other event begins it. */
const BEFORE = new Set(['', 'ping', 'error'])

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
  return jsonMeter({ ...MESSAGE, content: {} }, ({ model, usage, error, content }) => {
    const failed = failureOf(error)
    const refused = failed !== undefined && listIn(content).length === 0 && !hasTokens(usage)
    if (!isObject(usage)) return { failed, refused }
    return { ...readUsage(usage, textIn(model) ?? asked.model, asked), failed, refused }
  })
}

export function eventMeter(asked: Asked): Meter {
  let { model } = asked
  let usage: JsonObject | undefined
  /** The usage of a message before this one, in a stream that holds several. */
  let earlier: JsonObject | undefined
  /** A delta had usage; and the model has stopped, so that no output follows. */
  let isReported = false
  let stopped = false
  /** Visible bytes at the last usage: with more of them it is out of date. */
  let visibleThen = 0
  let begun = false
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
    else if (isErrorType(name)) return read('error', frameObject(frame))
    begun ||= !BEFORE.has(name)
  })

  function read(name: string, event: JsonObject | undefined) {
    // The data of an error may be plain text.
    if (name === 'error') failed = failureName(event?.error ?? event)
    if (!event) return
    if (name === 'message_stop') ended = true
    if (name === 'message_start' && isReported) earlier = usage && largerUsage(earlier, usage)
    const message = objectIn(event.message)
    model = textIn(message.model) ?? model
    for (const reported of [message.usage, event.usage])
      if (isObject(reported)) usage = { ...usage, ...withoutNulls(reported) }
    if (isObject(event.usage)) {
      isReported = true
      visibleThen = visibleBytes
    }
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
      const whole = usage && largerUsage(earlier, usage)
      const isFinal = isReported && (stopped || ended) && visibleBytes === visibleThen
      return {
        ...unmeasured,
        ...(whole && isFinal && readUsage(whole, model, asked)),
        statedNanos: statedNanos(whole),
        partial: (whole && sound([usagePart(whole, model, asked)])?.[0]) ?? { model },
        refused: failed !== undefined && !begun && whole === undefined,
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

/** Of each number of two usages the larger one. */
function largerUsage(one: JsonObject | undefined, other: JsonObject): JsonObject {
  if (!one) return other
  const larger: Record<string, unknown> = { ...one, ...other }
  for (const [name, value] of Object.entries(one)) {
    const next = other[name]
    if (typeof value === 'number' && typeof next === 'number') larger[name] = Math.max(value, next)
    else if (isObject(value) && isObject(next)) larger[name] = largerUsage(value, next)
  }
  return larger
}
