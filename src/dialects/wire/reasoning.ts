/**
 * Finds out whether a request asks for hidden reasoning. The parameters of all providers and compatible servers count,
 * because an upstream may serve models of any provider on every route.
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
