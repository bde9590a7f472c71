/**
 * Does a request ask the model to think out of sight? Under any of the names that makers, and those who are compatible
 * with them, know it by: an upstream may serve any maker's models on every route.
 */

import { isObject, type JsonObject } from './json.ts'

const members = ['thinking', 'reasoning', 'reasoning_effort', 'enable_thinking']

export function asksForReasoning(request: JsonObject): boolean {
  return members.some(name => isOn(request[name]))
}

function isOn(value: unknown): boolean {
  if (!isObject(value)) return ![undefined, null, false, 'none'].some(off => off === value)
  const { type, effort, enabled } = value
  const isOff = type === 'disabled' || effort === 'none' || enabled === false
  return !isOff && Object.values(value).some(one => one !== null)
}
