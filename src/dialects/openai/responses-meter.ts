/** Meters OpenAI's Responses. The last event has the usage, also after a failure. Fees of tools are counted from the output. */

import type { Meter } from '../dialect.ts'
import { isErrorType } from '../wire/error-shapes.ts'
import { failureName, failureOf } from '../wire/failure.ts'
import { isObject, type JsonObject, listIn, objectIn, textIn } from '../wire/json.ts'
import { jsonMeter, unmeasured } from '../wire/json-meter.ts'
import { oneOf, stringBytesUnder } from '../wire/key-scan.ts'
import type { Shape } from '../wire/pruner.ts'
import { eventType, frameObject, frames } from '../wire/sse.ts'
import { count, fullerUsage, hasTokens, type Requested, tierIn } from '../wire/usage.ts'
import {
  type Calls,
  containerFee,
  feeCounter,
  ITEM,
  imageTokens,
  mostCalls,
  TOOL,
  TOOL_USAGE,
} from './fees.ts'
import { readUsage, responseNames } from './usage.ts'
import { DELTAS, repeatedTextCounter } from './visible-output.ts'

/** The members that the meter reads of a response, and of an event. */
const RESPONSE: Shape = {
  model: true,
  service_tier: true,
  usage: true,
  error: true,
  status: true,
  tool_usage: TOOL_USAGE,
  output: ITEM,
  tools: TOOL,
}
/** Further members of the response that a stream announces. */
const ANNOUNCED: Shape = {
  id: true,
  object: true,
  created_at: true,
  metadata: true,
  previous_response_id: true,
}
const EVENT: Shape = {
  type: true,
  response: { ...RESPONSE, ...ANNOUNCED },
  item: ITEM,
  part: { type: true },
  error: true,
  code: true,
}
/** The events that announce a response. */
export const ANNOUNCING = new Set(['response.created', 'response.queued', 'response.in_progress'])

const TERMINAL = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
])

/** Events that may come before the first output. Any other event begins the output. */
const BEFORE_OUTPUT = new Set([...ANNOUNCING, 'response.failed'])

/** The events that the meter reads. All others pass. */
const READ = new Set([...TERMINAL, 'error', 'response.created', 'response.output_item.done'])

const DELTA = oneOf(['delta'])

export function responseMeter(requested: Requested): Meter {
  return jsonMeter(RESPONSE, response => {
    const { error, output, status } = response
    const failed = status === 'failed' ? failureName(error) : failureOf(error)
    const refused = failed !== undefined && listIn(output).length === 0 && !hasTokens(response.usage)
    return { ...partsOf(response, {}, requested), failed, refused }
  })
}

export function responseEventMeter(requested: Requested): Meter {
  let response: JsonObject = {}
  const items = feeCounter(hasHostedShell(requested))
  /** True: the last event had usage. */
  let isReported = false
  /** Visible bytes at the last usage. If more have come, that usage is out of date. */
  let visibleThen = 0
  const repeatedText = repeatedTextCounter()
  let begun = false
  let ended = false
  let failed: string | undefined
  let visibleBytes = 0
  let events = 0

  const stream = frames(EVENT, frame => {
    const name = eventType(frame)
    if (name === '') return
    events++
    begun ||= name.startsWith('response.') && !BEFORE_OUTPUT.has(name)
    if (DELTAS.has(name)) {
      visibleBytes += frame.large ? frame.large.size : stringBytesUnder(frame.bytes, DELTA)
      return
    }
    visibleBytes = Math.max(visibleBytes, repeatedText.add(name, frame, visibleBytes) ?? 0)
    if (READ.has(name)) read(name, frameObject(frame))
    else if (isErrorType(name)) read('error', frameObject(frame))
  })

  function read(name: string, event: JsonObject | undefined) {
    // The data of an error may be plain text, and may lack the failed response.
    if (name === 'error') failed = failureIn(event ?? {})
    else if (name === 'response.failed' && !isObject(event?.response)) failed ??= failureIn(event ?? {})
    if (!event) return
    if (name === 'response.output_item.done') items.add(event.item)
    else if (name === 'response.created') response = objectIn(event.response)
    else if (isObject(event.response)) finish(name, event.response)
  }

  function finish(name: string, last: JsonObject) {
    ended = true
    isReported ||= isObject(last.usage)
    visibleBytes = Math.max(visibleBytes, repeatedText.ofOutput(last.output))
    if (isObject(last.usage)) visibleThen = visibleBytes
    begun ||= listIn(last.output).length > 0
    // If a second last event has less usage, the first one counts.
    response = { ...response, ...last, usage: fullerUsage(response.usage, last.usage) }
    if (name === 'response.failed') failed ??= failureName(response.error)
  }

  return {
    push: stream.push,
    failed: () => failed,
    begun: () => begun,
    outputSoFar: () => Math.max(visibleBytes, count(objectIn(response.usage), responseNames.output) || 0),
    ended: () => ended,
    end() {
      const midFrame = stream.isOpen()
      stream.end()
      const read = partsOf(response, items.calls, requested)
      return {
        ...unmeasured,
        ...(isReported && visibleBytes === visibleThen ? read : { statedNanos: read?.statedNanos }),
        partial: read?.usage?.[0] ?? {
          model: modelOf(response, requested),
          tier: tierIn(response.service_tier),
          ...(Object.keys(items.calls).length > 0 && { tools: toolCalls(response, items.calls, requested) }),
        },
        refused: failed !== undefined && !begun && !hasTokens(response.usage),
        ended,
        failed,
        visibleBytes,
        events,
        response: 'id' in response ? response : undefined,
        midFrame,
      }
    },
  }
}

function partsOf(response: JsonObject, seen: Calls, requested: Requested) {
  const { usage } = response
  if (!isObject(usage)) return undefined
  const served = {
    model: modelOf(response, requested),
    tier: response.service_tier,
    tools: toolCalls(response, seen, requested),
  }
  return readUsage(usage, responseNames, served, requested)
}

function modelOf(response: JsonObject, requested: Requested): string {
  return textIn(response.model) || requested.model
}

/** Runs of tools with a fee: for searches the reported number, else the number of items. */
function toolCalls({ output, tool_usage, tools }: JsonObject, seen: Calls, requested: Requested): Calls {
  const listed = feeCounter(hasHostedShell(requested))
  for (const item of listIn(output)) listed.add(item)
  const { code_interpreter, image_generation, ...calls } = mostCalls(listed.calls, seen)
  if (code_interpreter !== undefined) calls[containerFee(tools, requested)] = code_interpreter
  Object.assign(calls, imageTokens(tool_usage) ?? (image_generation && { image_generation }))
  const searches = objectIn(objectIn(tool_usage).web_search).num_requests
  if (typeof searches === 'number') calls.web_search = searches
  return calls
}

function hasHostedShell({ unbounded }: Requested): boolean {
  return unbounded.some(({ feature }) => feature === 'shell')
}

function failureIn(event: JsonObject): string {
  return failureName(isObject(event.error) ? event.error : { code: event.code })
}
