/** Validates requests strictly: an unknown field is a fault, and no value of a body is converted. */

import type { FastifyInstance, FastifyTypeProvider } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { name } from '../clients/settings.ts'
import { faultFinder } from './faults.ts'
import { mayBeEmpty } from './json.ts'
import { parseTime } from './ledger-query.ts'
import { type Fault, faultsProblem, problem } from './problem.ts'

/** Gives handlers the types that their schemas declare. */
export interface TypeBoxProvider extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown
}

declare module 'fastify' {
  interface FastifySchema {
    /** The schema of a body that the handler validates. */
    documented?: TSchema
  }
}

export const named = Type.Object({ name })

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** When a key or a token ends. */
export const expiresAt = Type.Optional(
  Type.Refine(
    Type.String({
      pattern: RFC_3339.source,
      description: 'RFC 3339, in the future; absent: never',
      expected: 'a time such as "2027-01-31T12:00:00Z"',
    }),
    text => isTime(text),
    text => notInFuture(text),
  ),
)

function isTime(text: unknown): boolean {
  return typeof text === 'string' && RFC_3339.test(text) && Number(parseTime(text)) > 0
}

function notInFuture(text: unknown): string {
  return `found ${JSON.stringify(text)}, expected a time in the future such as "2027-01-31T12:00:00Z"`
}

/** The time that `expiresAt` names. Throws a problem if it is over by Redis's clock. */
export function futureOf(text: string | undefined, now: number): Date | undefined {
  if (text === undefined) return undefined
  const time = parseTime(text)
  if (Number(time) > now) return time
  const detail = notInFuture(text)
  throw problem(400, `expiresAt ${detail}.`, [{ field: 'expiresAt', detail }])
}

/** Lists have pages: `cursor` is the `next` of the previous page. */
export const limit = Type.Integer({
  minimum: 1,
  maximum: 1000,
  default: 100,
  expected: 'a whole number from 1 to 1000',
})

/** Lists of scopes may include the current usage of each. */
export const state = Type.Boolean({
  default: false,
  description: 'Adds the current usage of each',
  expected: 'true or false',
})

/** Lists may be searched by name. */
export const search = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'Part of a name, in any case of letters',
    expected: 'a part of a name, of 1 to 64 characters',
  }),
)

export const teamFilter = Type.Optional(
  Type.String({ description: 'Only clients of the team of this name', expected: 'the name of a team' }),
)

export const total = Type.Boolean({
  default: false,
  description: 'Adds the number of entries on all pages',
  expected: 'true or false',
})

/** One entry more than requested shows that there is another page. */
export function pageOf<Row>(rows: Row[], most: number, cursorOf: (row: Row) => string) {
  const shown = rows.slice(0, most)
  const last = shown.at(-1)
  return { shown, ...(rows.length > most && last !== undefined && { next: cursorOf(last) }) }
}

const NO_QUERY = Type.Object({}, { additionalProperties: false })

export function checkWithTypeBox(app: FastifyInstance): void {
  mayBeEmpty(app)
  // A route that declares no query takes none.
  app.addHook('onRoute', route => {
    route.schema = { querystring: NO_QUERY, ...route.schema }
  })
  // Responses are not validated: their schemas are only for the compiler and the documents.
  app.setSerializerCompiler(() => JSON.stringify)
  app.setValidatorCompiler<TSchema>(({ schema, method, httpPart = 'request' }) => {
    const find = faultFinder(schema)
    return given => {
      // PUT removes the settings that it leaves out, so an empty body would remove all of them.
      if (method === 'PUT' && httpPart === 'body' && !given) return { error: bodyMissing() }
      const isText = httpPart === 'querystring'
      const value = isText ? Value.Default(schema, readText(schema, { ...given })) : (given ?? {})
      const faults = httpPart === 'body' ? find(value) : [...nulFaults(given), ...find(value)]
      if (faults.length === 0) return { value }
      return { error: faultsProblem(faults) }
    }
  })
}

/** Postgres cannot store NUL, so no row can match it. */
function nulFaults(given: unknown): Fault[] {
  return Object.entries(given ?? {})
    .filter(([, value]) => String(value).includes('\0'))
    .map(([field]) => ({ field, detail: 'found a NUL character, expected text without one' }))
}

const TRUTH = new Map<unknown, boolean>([
  ['true', true],
  ['false', false],
])

/** Query values are text: digits become a number and `true` a boolean if the schema declares one. */
function readText(schema: TSchema, given: Record<string, unknown>): Record<string, unknown> {
  if (!Type.IsObject(schema)) return given
  const read = Object.entries(schema.properties).flatMap(([field, declared]) => {
    const text = given[field]
    if (Type.IsBoolean(declared)) return [[field, TRUTH.get(text) ?? text]]
    const isNumber = Type.IsInteger(declared) && typeof text === 'string' && /^\d{1,15}$/.test(text)
    return isNumber ? [[field, Number(text)]] : []
  })
  return { ...given, ...Object.fromEntries(read.filter(([, value]) => value !== undefined)) }
}

function bodyMissing() {
  return problem(
    400,
    'No body came with this request; send the settings as JSON, {} to take all of them away.',
  )
}
