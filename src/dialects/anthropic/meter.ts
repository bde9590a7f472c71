/** Meters Anthropic's responses. In a stream the counts of several usages are cumulative, so they are not added. */

import type { Meter } from '../dialect.ts'
import type { CappedBytes } from '../wire/capped-buffer.ts'
import { isErrorType } from '../wire/error-shapes.ts'
import { failureName, failureOf } from '../wire/failure.ts'
import { isObject, type JsonObject, listIn, objectIn, textIn } from '../wire/json.ts'
import { jsonMeter, unmeasured } from '../wire/json-meter.ts'
import { oneOf, stringBytesUnder } from '../wire/key-scan.ts'
import type { Shape } from '../wire/pruner.ts'
import { eventType, frameObject, frames } from '../wire/sse.ts'
import { count, hasTokens, type Requested, statedNanos, validParts } from '../wire/usage.ts'
import { largerUsage, readUsage, usagePart } from './usage.ts'

/** The events that the meter reads. All others pass. */
const READ = new Set(['message_start', 'message_delta', 'message_stop', 'error'])
/** Text and tool JSON of a delta. Thinking is not included, because the provider charges for more of it than it shows. */
const VISIBLE = oneOf(['text', 'partial_json'])

/** The types of blocks with visible output. */
const WRITTEN = new Set<unknown>(['text', 'tool_use', 'server_tool_use', 'mcp_tool_use'])

/** Events that may come before the message. Any other event begins it. */
const BEFORE = new Set(['', 'ping', 'error'])

/** The members that the meter reads of a message, and of an event. */
const MESSAGE: Shape = { model: true, usage: true, error: true }
const WHOLE_MESSAGE: Shape = { ...MESSAGE, content: {} }
const EVENT: Shape = {
  type: true,
  message: MESSAGE,
  delta: { stop_reason: true, usage: true },
  content_block: { type: true },
  usage: true,
  error: true,
}

export function messageMeter(requested: Requested): Meter {
  return jsonMeter(WHOLE_MESSAGE, ({ model, usage, error, content }) => {
    const failed = failureOf(error)
    const refused = failed !== undefined && listIn(content).length === 0 && !hasTokens(usage)
    if (!isObject(usage)) return { failed, refused }
    return { ...readUsage(usage, textIn(model) ?? requested.model, requested), failed, refused }
  })
}

/** A block may begin with all its text, or with the whole input of a tool. Results of tools are not output. */
function startBytes(frame: CappedBytes): number {
  const { type, text, input } = objectIn(frameObject(frame)?.content_block)
  if (frame.large) return WRITTEN.has(type) ? frame.large.size : 0
  if (type === 'text') return Buffer.byteLength(textIn(text) ?? '')
  return WRITTEN.has(type) && isObject(input) && Object.keys(input).length > 0
    ? Buffer.byteLength(JSON.stringify(input))
    : 0
}

export function eventMeter(requested: Requested): Meter {
  let { model } = requested
  let usage: JsonObject | undefined
  /** True: an event after the start had usage, and the model has stopped, so no output follows. */
  let isReported = false
  let stopped = false
  /** Visible bytes at the last usage. If more have come, that usage is out of date. */
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
    if (name === 'content_block_delta') visibleBytes += large ? large.size : stringBytesUnder(bytes, VISIBLE)
    else if (name === 'content_block_start') visibleBytes += startBytes(frame)
    else if (READ.has(name)) read(name, frameObject(frame))
    else if (isErrorType(name)) return read('error', frameObject(frame))
    begun ||= !BEFORE.has(name)
  })

  function read(name: string, event: JsonObject | undefined) {
    // The data of an error may be plain text.
    if (name === 'error') failed = failureName(event?.error ?? event)
    if (!event) return
    if (name === 'message_stop') ended = true
    const message = objectIn(event.message)
    const delta = objectIn(event.delta)
    model = textIn(message.model) ?? model
    const reported = [message.usage, delta.usage, event.usage].filter(isObject)
    for (const one of reported) usage = largerUsage(usage, one)
    if (reported.length > 0 && name !== 'message_start') {
      isReported = true
      visibleThen = visibleBytes
    }
    stopped ||= textIn(delta.stop_reason) !== undefined
  }

  return {
    push: stream.push,
    failed: () => failed,
    outputSoFar: () => Math.max(visibleBytes, usage ? count(usage, 'output_tokens') || 0 : 0),
    ended: () => ended,
    end() {
      const midFrame = stream.isOpen()
      stream.end()
      const isFinal = isReported && (stopped || ended) && visibleBytes === visibleThen
      return {
        ...unmeasured,
        ...(usage && isFinal && readUsage(usage, model, requested)),
        statedNanos: statedNanos(usage),
        partial: (usage && validParts([usagePart(usage, model, requested)])?.[0]) ?? { model },
        refused: failed !== undefined && !begun && !hasTokens(usage),
        ended,
        failed,
        visibleBytes,
        events,
        midFrame,
      }
    },
  }
}
