/** Meters responses. Usage comes with the last event, whatever way the answer ended; fees of tools are counted from the output. */

import type { Meter } from './dialect.ts'
import { type Excerpt, excerptMembers } from './excerpt.ts'
import { failureName, failureOf } from './failure.ts'
import { oneOf, shownBytes } from './glance.ts'
import { itemTypes } from './item-types.ts'
import { isObject, type JsonObject, listIn, objectIn, parseObject, textIn } from './json.ts'
import { jsonMeter } from './json-meter.ts'
import { responseNames, usagePart } from './openai-usage.ts'
import { eventType, frameData, frames } from './sse.ts'
import { type Asked, sound } from './usage.ts'
import { hidesWork } from './voiding.ts'

const MEMBERS = ['model', 'service_tier', 'usage', 'error', 'output', 'tool_usage', 'status']
/** Further members of the response that a stream announces. */
const ANNOUNCED = [...MEMBERS, 'id', 'object', 'created_at', 'metadata', 'previous_response_id']
/** The events before any output. */
export const ANNOUNCING = new Set(['response.created', 'response.queued', 'response.in_progress'])

type Calls = Record<string, number>

/** Output that is charged by the call, by its type. What has no price leaves the call without one. */
const charged: ReadonlyMap<unknown, string> = new Map([
  ['web_search_call', 'web_search'],
  ['file_search_call', 'file_search'],
  ['code_interpreter_call', 'code_interpreter'],
  ['image_generation_call', 'image_generation'],
])

const TERMINAL = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
])

/** Deltas of text and tool JSON; a summary of reasoning is not the reasoning that is charged. */
const SHOWN = new Set(
  [
    'output_text',
    'refusal',
    'function_call_arguments',
    'custom_tool_call_input',
    'mcp_call_arguments',
    'code_interpreter_call_code',
    'shell_call_command',
  ].map(part => `response.${part}.delta`),
)

const DELTA = oneOf(['delta'])

export function responseMeter(asked: Asked): Meter {
  // Of a large answer the output is not kept; where the provider may have run tools, they are counted as it goes by.
  const items = hidesWork(asked.unbounded) ? itemTypes('output') : undefined
  const answer = jsonMeter(MEMBERS, response => ({
    usage: partsOf(response, callsIn(items?.seen ?? []), asked),
    failed: response.status === 'failed' ? failureName(response.error) : failureOf(response.error),
  }))
  return {
    push(chunk) {
      items?.push(chunk)
      answer.push(chunk)
    },
    end: answer.end,
  }
}

export function responseEventMeter(asked: Asked): Meter {
  let response: JsonObject = {}
  let begun = false
  const items: unknown[] = []
  let ended = false
  let failed: string | undefined
  let visibleBytes = 0
  let events = 0

  const stream = frames(frame => {
    const name = eventType(frame)
    if (name === '') return
    events++
    begun ||= !ANNOUNCING.has(name)
    if (SHOWN.has(name)) visibleBytes += shownBytes(frame.bytes, DELTA)
    else if (name === 'response.output_item.done')
      items.push(objectIn(memberIn(frame, 'item', ['type'])).type)
    else if (name === 'response.created') response = memberIn(frame, 'response', ANNOUNCED) ?? response
    else if (TERMINAL.has(name)) finish(name, memberIn(frame, 'response', MEMBERS))
    else if (name === 'error') failed = failureIn(frame)
  })

  function finish(name: string, last: JsonObject | undefined) {
    if (!last) return
    ended = true
    response = { ...response, ...last }
    if (name === 'response.failed') failed ??= failureName(response.error)
  }

  return {
    push: stream.push,
    get failed() {
      return failed
    },
    get begun() {
      return begun
    },
    get outputSoFar() {
      return visibleBytes
    },
    get ended() {
      return ended
    },
    end() {
      const midFrame = stream.open
      stream.end()
      const usage = ended ? partsOf(response, callsIn(items), asked) : undefined
      const partial = { model: modelOf(response, asked), tier: textIn(response.service_tier) }
      const announced = 'id' in response ? response : undefined
      return { usage, partial, ended, failed, visibleBytes, events, response: announced, midFrame }
    },
  }
}

function partsOf(response: JsonObject, seen: Calls, asked: Asked) {
  const { usage } = response
  if (!isObject(usage)) return undefined
  const served = {
    model: modelOf(response, asked),
    tier: response.service_tier,
    tools: toolCalls(response, seen),
  }
  return sound([usagePart(usage, responseNames, served, asked)])
}

function modelOf(response: JsonObject, asked: Asked): string {
  return textIn(response.model) || asked.model
}

/** Calls of charged tools: of searches what the provider says it charges, else as many as were seen. */
function toolCalls({ output, tool_usage }: JsonObject, seen: Calls): Calls {
  const calls = { ...seen }
  for (const [tool, times] of Object.entries(callsIn(listIn(output).map(item => objectIn(item).type))))
    calls[tool] = Math.max(times, calls[tool] ?? 0)
  const searches = objectIn(objectIn(tool_usage).web_search).num_requests
  if (typeof searches === 'number') calls.web_search = searches
  return calls
}

function callsIn(types: readonly unknown[]): Calls {
  const calls: Calls = {}
  for (const type of types) {
    const tool = charged.get(type)
    if (tool) calls[tool] = (calls[tool] ?? 0) + 1
  }
  return calls
}

/** The response or item that an event carries, as far as its excerpt still tells it. */
function memberIn(frame: Excerpt, name: string, members: readonly string[]): JsonObject | undefined {
  const { bytes, tail } = frame
  if (tail) {
    const from = bytes.indexOf('{', Math.max(0, bytes.indexOf(`"${name}"`)))
    return excerptMembers(frame, members, { from, levels: 2 })
  }
  const member = parseObject(frameData(bytes))?.[name]
  return isObject(member) ? member : undefined
}

function failureIn({ bytes }: Excerpt): string {
  const event = parseObject(frameData(bytes)) ?? {}
  return failureName(isObject(event.error) ? event.error : { code: event.code })
}
