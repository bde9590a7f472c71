/**
 * Bodies of admin requests: JSON or a JSON merge patch (RFC 7396), compressed or not. A route without required fields also
 * accepts an empty body.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { DUPLICATE_KEY, findDuplicateKey } from '../dialects/wire/duplicate-key.ts'
import { isObject } from '../dialects/wire/json.ts'
import { scanWithinLimits } from '../dialects/wire/json-limits.ts'
import { readBody } from '../requests/request-body.ts'
import { problem } from './problem.ts'

const TYPES = ['application/json', 'application/merge-patch+json']

export function mayBeEmpty(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(TYPES, async ({ raw, routeOptions }: FastifyRequest) =>
    parse(await readBody(raw, { limit: routeOptions.bodyLimit })),
  )
}

/** Without a byte order mark. */
const utf8 = new TextDecoder()

/** `__proto__` is a name like any other: the check of the settings reports it as unknown. */
function parse(body: Buffer): unknown {
  const text = utf8.decode(body)
  if (text.trim() === '') return undefined
  scanWithinLimits(body)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw problem(400, 'The body is no JSON; send one JSON object.')
  }
  if (value === null) throw problem(400, 'The body is null; send one JSON object.')
  const field = findDuplicateKey(text)
  if (field !== undefined)
    throw problem(400, `${field} ${DUPLICATE_KEY}.`, [{ field, detail: DUPLICATE_KEY }])
  return value
}

/** Null removes a value, an object is merged into it, any other value replaces it. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else merged.set(name, mergePatch(merged.get(name), value))
  }
  return Object.fromEntries(merged)
}
