/** What of a provider's words a caller may read: its own, and nothing that names our account. */

import type { FastifyRequest } from 'fastify'
import type { Redaction } from './dialects/redact.ts'
import type { Redactor } from './redactor.ts'

/** Names looked up in a request. Each costs a search through all of it. */
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
