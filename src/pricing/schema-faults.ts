/** Describes all faults of a value that does not match its schema. The files of prices and of upstreams use it. */

import { type TSchema, Type } from 'typebox'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'
import { didYouMean, nearest } from './nearest.ts'

export interface Fault {
  /** JSON pointer of the value. */
  path: string
  /** The found value, the expected value and sometimes a question. */
  text: string
}

interface Options {
  /** Other common names of the fields, in lower case without punctuation. The first list comes first. */
  synonyms: readonly ReadonlyMap<string, string>[]
  /** True: the value at this path may be a secret, so it is not shown. */
  isSecret?(path: string): boolean
}

export function schemaFaults(
  schema: TSchema,
  value: unknown,
  { synonyms, isSecret = () => false }: Options,
): Fault[] {
  return allErrors(schema, value).flatMap(error => {
    const { instancePath: path } = error
    // Each unknown field and each union has an error of its own. The errors of parents and parts repeat it.
    if (error.keyword === 'additionalProperties' || error.keyword === 'const') return []
    if (error.keyword === 'required') {
      return error.params.requiredProperties.map(field =>
        fault(
          `${path}/${field}`,
          undefined,
          expectedAt(schema, `${error.schemaPath}/properties/${field}`) ?? 'a value',
        ),
      )
    }
    const found = Value.Pointer.Get(value, path)
    const describe = isSecret(path) ? secretFault : fault
    if (error.keyword === 'boolean') {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const named = wordsAt(schema, parentOf(error.schemaPath), 'expectedName')
      if (named !== undefined) return fault(path, name, named)
      const meant = nearestField(name, fieldsAt(schema, error.schemaPath), synonyms)
      return describe(
        path,
        found,
        `no field of this name${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      )
    }
    const expected = expectedAt(schema, error.schemaPath) ?? error.message.replace(/^must be /, '')
    return describe(path, found, expected + meantValue(found, valuesAt(schema, error.schemaPath)))
  })
}

/** TypeBox reports 8 errors by default. The setting is global, so only this call raises it. */
function allErrors(schema: TSchema, value: unknown) {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: 1000 })
  try {
    return Value.Errors(schema, value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

export function fault(path: string, found: unknown, expected: string): Fault {
  const shown = JSON.stringify(found) ?? 'nothing'
  return faultText(path, shown.length > 80 ? `${shown.slice(0, 80)}…` : shown, expected)
}

/** A fault that says the found value in words. */
export function faultText(path: string, found: string, expected: string): Fault {
  return { path, text: `found ${found}, expected ${expected}` }
}

function secretFault(path: string, found: unknown, expected: string): Fault {
  const text = typeof found === 'string' ? found : (JSON.stringify(found) ?? '')
  return faultText(path, `a value of ${text.length} characters`, expected)
}

export function lineOf({ path, text }: Fault): string {
  return `${path.replaceAll('~1', '/').replaceAll('~0', '~') || '/'}: ${text}`
}

/** The schema's own description of a valid value. */
export function expectedAt(schema: TSchema, schemaPath: string): string | undefined {
  return wordsAt(schema, schemaPath, 'expected')
}

function wordsAt(schema: TSchema, schemaPath: string, option: string): string | undefined {
  const part = Value.Pointer.Get(schema, schemaPath.slice(1))
  const withWords = Type.Object({ [option]: Type.String() })
  return Value.Check(withWords, part) ? part[option] : undefined
}

function parentOf(schemaPath: string): string {
  return schemaPath.replace(/\/additionalProperties$/, '')
}

/** The known fields of an object in which an unknown field was found. */
function fieldsAt(schema: TSchema, schemaPath: string): string[] {
  const parent = Value.Pointer.Get(schema, parentOf(schemaPath).slice(1))
  const withFields = Type.Object({ properties: Type.Record(Type.String(), Type.Unknown()) })
  return Value.Check(withFields, parent) ? Object.keys(parent.properties) : []
}

/** The values of a field that takes only these. */
function valuesAt(schema: TSchema, schemaPath: string): string[] {
  const part = Value.Pointer.Get(schema, schemaPath.slice(1))
  const withValues = Type.Object({ enum: Type.Array(Type.String()) })
  return Value.Check(withValues, part) ? part.enum : []
}

function meantValue(found: unknown, values: string[]): string {
  const question = typeof found === 'string' ? didYouMean(found, values) : ''
  return question && `.${question}`
}

function nearestField(
  name: string,
  fields: string[],
  synonyms: readonly ReadonlyMap<string, string>[],
): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const meant = synonyms.map(words => words.get(plain(name))).find(field => field && fields.includes(field))
  if (meant !== undefined) return meant
  return fields.find(field => plain(field) === plain(name)) ?? nearest(name, fields)
}
