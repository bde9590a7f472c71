/**
 * Finds out whether a request asks for hidden reasoning. The parameters of all providers and compatible servers count,
 * because an upstream may serve models of any provider on every route.
 */

import { isObject, type JsonObject } from './json.ts'

const members = ['thinking', 'reasoning', 'reasoning_effort', 'enable_thinking']

export function asksForReasoning(request: JsonObject): boolean {
  for (const name of members) if (isOn(request[name])) return true
  return false
}

function isOn(value: unknown): boolean {
  if (!isObject(value)) return value !== undefined && value !== null && value !== false && value !== 'none'
  const { type, effort, enabled } = value
  const isOff = type === 'disabled' || effort === 'none' || enabled === false
  return !isOff && Object.values(value).some(one => one !== null)
}
