/** JSON schemas for editors, from the TypeBox schemas that the gateway validates with. */

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

/** The gateway's own keywords. `expected`, the text for faults, becomes part of the description. */
const OWN: ReadonlySet<string> = new Set(['expected', 'expectedName', 'orNumber', 'description'])

export function jsonSchemaOf(schema: object, title: string): object {
  return { $schema: DIALECT, title, ...plain(schema) }
}

/** Removes keywords that JSON schema does not define, and appends `expected` to the description. */
function plain(schema: object): object {
  const { expected, description, orNumber, ...keywords }: Record<string, unknown> = { ...schema }
  const words = [description, expected].filter(text => text !== undefined).join('. Expected: ')
  return {
    ...(words && { description: words }),
    ...Object.fromEntries(
      Object.entries(keywords)
        .filter(([keyword]) => !keyword.startsWith('~') && !OWN.has(keyword))
        .map(([keyword, value]) => [keyword, within(keyword, value)]),
    ),
    ...(orNumber === true && { type: ['string', 'number'] }),
  }
}

function within(keyword: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (keyword === 'items') return plain(value)
  if (keyword === 'anyOf' && Array.isArray(value)) return value.map(one => plain(one))
  if (keyword !== 'properties' && keyword !== 'patternProperties') return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}
