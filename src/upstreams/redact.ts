/** The redaction of one call. It keeps names that the caller's request contains. */

import type { FastifyRequest } from 'fastify'
import type { Redactor } from '../config/redactor.ts'
import type { Redaction } from '../dialects/wire/redact.ts'

/** Bytes of the request that are searched for names, all together. */
const MOST = 67_108_864
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

export function redactionOf(
  { call, headers, rawBody }: FastifyRequest,
  { text }: Pick<Redactor, 'text'>,
): Redaction {
  let known: Map<string, boolean> | undefined
  let left = MOST
  /** The body in lower case, and without escapes. Each is computed when first read. */
  let lower: string | undefined
  let plain: string | undefined
  return {
    secrets: text,
    isCallers(word) {
      known ??= new Map()
      if (!known.has(word) && left >= 0) {
        known.set(word, isSent(word))
        left -= rawBody.length
      }
      return known.get(word) ?? false
    },
  }

  function isSent(word: string): boolean {
    if (rawBody.includes(word) || call.target.includes(word) || isWrittenOtherwise(word)) return true
    return call.dialect.requestHeaders.some(name => String(headers[name] ?? '').includes(word))
  }

  /** A name may be escaped in the body. A UUID may have another letter case. */
  function isWrittenOtherwise(word: string): boolean {
    plain ??= ESCAPE.test(rawBody.toString('latin1')) ? withoutEscapes(rawBody.toString('latin1')) : ''
    if (plain.includes(word)) return true
    if (!UUID.test(word)) return false
    lower ??= (plain || rawBody.toString('latin1')).toLowerCase()
    return lower.includes(word.toLowerCase())
  }
}

const ESCAPE = /\\(?:u00[2-7]|\/)/i

function withoutEscapes(json: string): string {
  return json.replace(/\\(?:u00([2-7][\da-f])|(.))/gis, (written, code?: string, letter?: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
    return letter === '/' ? letter : written
  })
}
