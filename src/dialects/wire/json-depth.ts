/** The limit on the nesting of a provider's JSON. Requests have their own (json-limits.ts). */

import { byte } from './json-bytes.ts'

/**
 * Deepest nesting of a long response. Responses are not deeper, and the V8 of Node 26 can crash when it parses 140 KB of
 * objects that are nested 9,000 levels deep.
 */
const MOST_LEVELS = 512
/** A shorter text (in characters) is not checked: in tests V8 failed on none below 100 KB. */
const CHECKED_LENGTH = 65_536

/** Whether the JSON is nested deeper than the limit. Needs no valid JSON. */
export function isTooDeep(text: string): boolean {
  if (text.length < CHECKED_LENGTH) return false
  let levels = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === byte.quote) at = closingQuote(text, at)
    else if (code === byte.openObject || code === byte.openList) levels++
    else if (code === byte.closeObject || code === byte.closeList) levels--
    if (levels > MOST_LEVELS) return true
  }
  return false
}

/** The offset of the quote that closes the string at `open`; the end of the text if there is none. */
function closingQuote(text: string, open: number): number {
  let at = open
  do {
    at = text.indexOf('"', at + 1)
    if (at < 0) return text.length
  } while (isEscaped(text, at))
  return at
}

/** True after an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text.charCodeAt(first - 1) === byte.backslash) first--
  return (at - first) % 2 === 1
}
