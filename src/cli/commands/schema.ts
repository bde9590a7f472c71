/** The JSON schema of the file for `apply`, for editors and CI. */

import type { Command } from '../command.ts'
import { declaration } from '../declared.ts'

export const schema: Command = {
  name: 'schema',
  about: 'Print the JSON schema of the file for apply; docs/clients.schema.json holds the same',
  args: [],
  options: {},
  examples: ['schema > clients.schema.json'],
  isOffline: true,
  async run() {
    const response = declarationSchema()
    return { response, text: JSON.stringify(response, null, 2) }
  },
}

/** JSON schema 2020-12 of the TypeBox schema that `apply` validates with. */
export function declarationSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Clients, teams and limits of a Tollgate gateway',
    ...plain(declaration),
  }
}

/** Removes keywords that JSON schema does not define, and appends `expected` to the description. */
function plain(schema: object): object {
  const { expected, description, ...keywords }: Record<string, unknown> = { ...schema }
  const words = [description, expected].filter(text => text !== undefined).join('. Expected: ')
  return {
    ...(words && { description: words }),
    ...Object.fromEntries(
      Object.entries(keywords)
        .filter(([keyword]) => !keyword.startsWith('~'))
        .map(([keyword, value]) => [keyword, within(keyword, value)]),
    ),
  }
}

function within(keyword: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (keyword === 'items') return plain(value)
  if (keyword !== 'properties') return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}
