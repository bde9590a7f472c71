/** Reads the usage of a chat completion, with the runs of tools that have a fee. */

import { type JsonObject, objectIn } from '../wire/json.ts'
import { count, type Requested, toolRuns } from '../wire/usage.ts'
import { chatNames, readUsage } from './usage.ts'

export function readChat(usage: JsonObject, model: string, tier: unknown, requested: Requested) {
  return readUsage(usage, chatNames, { model, tier, tools: toolsIn(usage, requested) }, requested)
}

function toolsIn(usage: JsonObject, requested: Requested): Record<string, number> {
  const runs = toolRuns(objectIn(usage.server_tool_use))
  // xAI charges for each source.
  const sources = count(usage, 'num_sources_used')
  if (sources !== 0) runs.live_search = sources
  // Most servers report no searches, but every response to a search request has at least one.
  const hasSearch = requested.unbounded.some(({ feature }) => SEARCH.test(feature))
  if (hasSearch) runs.web_search ??= 1
  return runs
}

/** `web_search_options`, `web_search_preview`, `openrouter:web_search`. */
const SEARCH = /(^|:)web_search/
