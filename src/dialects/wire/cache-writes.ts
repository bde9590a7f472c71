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

/** Returns the longest lifetime in the prompt. Any lifetime other than the usual one counts as long. */
export function longestWrite(request: JsonObject, prompt: unknown[]): 'none' | '5m' | '1h' {
  let longest: Exclude<ParsedRequest['cacheWrite'], 'other'> = 'none'
  const search = (value: unknown) => {
    if (Array.isArray(value)) return value.forEach(search)
    if (!isObject(value)) return
    for (const name in value) {
      const one = value[name]
      const life = usualLife.get(name)
      if (life !== undefined && isObject(one)) {
        const { ttl = life } = one
        if (ttl !== life) longest = '1h'
        else if (longest === 'none') longest = '5m'
      }
      search(one)
    }
  }
  const { cache_control, prompt_cache_options } = request
  search([{ cache_control, prompt_cache_options }, prompt])
  return longest
}
