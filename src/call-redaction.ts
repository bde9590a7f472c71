/** The redaction of one call: names that the caller's request contains are kept. */

import type { FastifyRequest } from 'fastify'
import type { Redaction } from './dialects/redact.ts'
import type { Redactor } from './redactor.ts'

/** Names that are looked up. Each costs a search of the whole request. */
const MOST = 16

export function redactionOf(
  { call, headers, rawBody }: FastifyRequest,
  { text }: Pick<Redactor, 'text'>,
): Redaction {
  const known = new Map<string, boolean>()
  return {
    secrets: text,
    isCallers(word) {
      if (!known.has(word) && known.size < MOST) known.set(word, isSent(word))
      return known.get(word) ?? false
    },
  }

  function isSent(word: string): boolean {
    if (rawBody.includes(word) || call.target.includes(word)) return true
    return call.dialect.requestHeaders.some(name => String(headers[name] ?? '').includes(word))
  }
}
