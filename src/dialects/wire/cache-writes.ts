/**
 * Reads the lifetime that a request asks for in the provider's cache. The names of both providers count on every route,
 * because an upstream may serve models of any provider there.
 */

import type { ParsedRequest } from '../dialect.ts'
import { isObject, type JsonObject } from './json.ts'

/** Members of a request, and of any part of its prompt, that ask for a write; each with its usual (cheap) lifetime. */
const usualLife: ReadonlyMap<string, string> = new Map([
  ['cache_control', '5m'],
  ['prompt_cache_options', '30m'],
  ['prompt_cache_breakpoint', '30m'],
])

type Life = Exclude<ParsedRequest['cacheWrite'], 'other'>

/** Returns the longest lifetime in the prompt. Any lifetime other than the usual one counts as long. */
export function longestWrite({ cache_control, prompt_cache_options }: JsonObject, prompt: unknown[]): Life {
  return longestIn(prompt, longestIn({ cache_control, prompt_cache_options }, 'none'))
}

function longestIn(value: unknown, before: Life): Life {
  let longest = before
  if (Array.isArray(value)) for (const one of value) longest = longestIn(one, longest)
  if (!isObject(value)) return longest
  for (const name in value) {
    const one = value[name]
    const life = usualLife.get(name)
    if (life !== undefined && isObject(one)) {
      const { ttl = life } = one
      if (ttl !== life) longest = '1h'
      else if (longest === 'none') longest = '5m'
    }
    longest = longestIn(one, longest)
  }
  return longest
}
