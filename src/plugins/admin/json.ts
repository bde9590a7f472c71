/** Bodies of the administration: JSON, a JSON merge patch (RFC 7396), or nothing at all where nothing is required. */

import type { FastifyInstance } from 'fastify'
import { REPEATED, repeatedKey } from '../../json-repeats.ts'
import { problem } from './problem.ts'

const TYPES = ['application/json', 'application/merge-patch+json']

export function mayBeEmpty(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>(TYPES, { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') done(null, undefined)
    else
      parse(request, body, (error, value) => {
        if (error) done(error)
        else if (value === null) done(problem(400, 'The body is null; send one JSON object.'))
        else done(repetition(body), value)
      })
  })
}

function repetition(body: string) {
  const field = repeatedKey(body)
  if (field === undefined) return null
  return problem(400, `${field} ${REPEATED}.`, [{ field, detail: REPEATED }])
}

/** Null takes away, an object is merged into what is there, anything else takes its place. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else merged.set(name, mergePatch(merged.get(name), value))
  }
  return Object.fromEntries(merged)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
