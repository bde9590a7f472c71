/** Meters chat completions. Any chunk may have usage, even one with an error. The last usage counts. */

import type { Meter } from '../dialect.ts'
import type { CappedBytes } from '../wire/capped-buffer.ts'
import { beginsError } from '../wire/error-frames.ts'
import { ERROR_MEMBERS, isErrorBody, isErrorType } from '../wire/error-shapes.ts'
import { failureName, failureOf } from '../wire/failure.ts'
import { isObject, type JsonObject, listIn, objectIn, textIn } from '../wire/json.ts'
import { byte } from '../wire/json-bytes.ts'
import { jsonMeter, unmeasured } from '../wire/json-meter.ts'
import { closingQuote } from '../wire/json-scan.ts'
import { eachKey, oneOf, spells, stringBytes } from '../wire/key-scan.ts'
import type { Shape } from '../wire/pruner.ts'
import { eventName, frameData, frameObject, frames } from '../wire/sse.ts'
import { count, fullerUsage, hasTokens, type Requested, tierIn } from '../wire/usage.ts'
import { readChat } from './chat-usage.ts'
import { chatNames } from './usage.ts'

/** The members that the meter reads of a completion, and of a chunk. */
const MEMBERS: Shape = {
  model: true,
  service_tier: true,
  usage: true,
  // Groq may have the usage of a stream only here.
  x_groq: { usage: true },
  ...ERROR_MEMBERS,
  choices: { finish_reason: true, error: { code: true, type: true } },
}

export function completionMeter(requested: Requested): Meter {
  return jsonMeter(MEMBERS, ({ model, service_tier, usage, error, choices }) => {
    const failed = failureOf(error)
    const refused = failed !== undefined && listIn(choices).length === 0 && !hasTokens(usage)
    if (!isObject(usage)) return { failed, refused }
    return { ...readChat(usage, textIn(model) || requested.model, service_tier, requested), failed, refused }
  })
}

/** Number of chunks at the start that are parsed. */
const READ_AT_START = 3
/** Text and tool JSON. Visible reasoning is included, because it is part of the output. */
const VISIBLE = ['content', 'text', 'arguments', 'refusal', 'reasoning_content', 'reasoning', 'input']
/** A chunk with one of these members is parsed, unless its value is null. */
const ALWAYS_READ = ['usage', 'error', 'finish_reason']
/** A chunk is also parsed if its tier changes. */
const TIER = 'service_tier'
const WATCHED = oneOf([...VISIBLE, ...ALWAYS_READ, TIER])
const NULL = 'n'.charCodeAt(0)

export function chunkMeter(requested: Requested): Meter {
  let { model } = requested
  let tier: unknown
  let usage: JsonObject | undefined
  /** True: no more output can follow the last usage. */
  let last = false
  /** Visible bytes at the last usage. If more have come, that usage is out of date. */
  let visibleThen = 0
  /** True: a chunk with choices has come that was not an error. */
  let begun = false
  let ended = false
  /** Indexes of the choices with a finish reason. */
  const finished = new Set<unknown>()
  let failed: string | undefined
  let visibleBytes = 0
  let events = 0
  /** The bytes of the tier's value. */
  let tierText = ''

  const stream = frames(MEMBERS, frame => {
    const { bytes, large } = frame
    if (!large) {
      if (isDone(bytes)) ended = true
      else scanKeys(frame)
      return
    }
    events++
    if (large.members ? isOnlyError(large.members, eventName(bytes)) : beginsError(bytes)) {
      failed = failureName(large.members?.error)
      return
    }
    // The text of a large frame is not kept, so the whole frame counts as visible.
    visibleBytes += large.size
    begun = true
    read(large.members)
  })

  function scanKeys(chunk: CappedBytes) {
    const frame = chunk.bytes
    let isRead = events < READ_AT_START
    let keys = 0
    let visible = 0
    eachKey(frame, (start, end, value) => {
      keys++
      const key = WATCHED(frame, start, end)
      if (key === undefined) return
      if (ALWAYS_READ.includes(key)) isRead ||= frame[value] !== NULL
      else if (key === TIER) isRead = isNewTier(frame, value) || isRead
      else visible += stringBytes(frame, value)
    })
    if (keys === 0) return noteError(frame)
    events++
    begun ||= events > READ_AT_START && !isRead
    if (isRead) readWhole(chunk, visible)
    else visibleBytes += visible
  }

  /** Plain text is an error. */
  function noteError(frame: Buffer) {
    if (!isErrorType(eventName(frame))) return
    events++
    failed ??= failureName(undefined)
  }

  function readWhole(chunk: CappedBytes, visible: number) {
    const data = frameObject(chunk)
    const isError = isOnlyError(data, eventName(chunk.bytes))
    // The text of an error is not output.
    if (!isError) visibleBytes += visible
    read(data)
    if (isError) failed ??= failureName(data?.error ?? data)
  }

  function isNewTier(frame: Buffer, at: number): boolean {
    if (frame[at] !== byte.quote || (tierText !== '' && spells(frame, at, tierText))) return false
    tierText = frame.toString('latin1', at, closingQuote(frame, at + 1) + 1)
    return true
  }

  function read(chunk: JsonObject | undefined) {
    if (!chunk) return
    model = textIn(chunk.model) || model
    tier = chunk.service_tier ?? tier
    const reported = chunk.usage ?? objectIn(chunk.x_groq).usage
    if (isObject(reported) && fullerUsage(usage, reported) === reported) {
      usage = reported
      last = listIn(chunk.choices).every(choice => textIn(objectIn(choice).finish_reason))
      visibleThen = visibleBytes
    }
    for (const choice of listIn(chunk.choices).map(objectIn))
      if (textIn(choice.finish_reason)) finished.add(choice.index)
    if (chunk.error || isErrorBody(chunk)) failed = failureName(chunk.error ?? chunk)
    else begun ||= listIn(chunk.choices).length > 0
  }

  return {
    push: stream.push,
    failed: () => failed,
    outputSoFar: () => Math.max(visibleBytes, usage ? count(usage, chatNames.output) || 0 : 0),
    ended: () => ended,
    end() {
      const midFrame = stream.isOpen()
      stream.end()
      const read = usage && readChat(usage, model, tier, requested)
      const isFinal = (last || ended || failed !== undefined) && visibleBytes === visibleThen
      return {
        ...unmeasured,
        ...(isFinal ? read : { statedNanos: read?.statedNanos }),
        partial: read?.usage?.[0] ?? { model, tier: tierIn(tier) },
        refused: failed !== undefined && !begun && visibleBytes === 0 && !hasTokens(usage),
        ended,
        finished: finished.size >= requested.completions,
        failed,
        visibleBytes,
        events,
        midFrame,
      }
    },
  }
}

/** Returns true for an error without output. */
function isOnlyError(chunk: JsonObject = {}, eventName: string): boolean {
  const isError = isErrorType(eventName) || isErrorBody(chunk)
  return isError && listIn(chunk.choices).every(choice => objectIn(choice).error)
}

/** The end marker of a stream is not JSON. */
function isDone(frame: Buffer): boolean {
  return frame.length < 64 && frameData(frame).trim() === '[DONE]'
}
