/** The JSON schema of what `apply` takes, for editors and for checks before a merge. */

import type { Command } from '../command.ts'
import { declaration } from '../declared.ts'

export const schema: Command = {
  name: 'schema',
  about: 'Print the JSON schema of the file that apply takes; docs/clients.schema.json is the same',
  args: [],
  options: {},
  examples: ['schema > clients.schema.json'],
  isOffline: true,
  async run() {
    const answer = declarationSchema()
    return { answer, shown: { text: JSON.stringify(answer, null, 2) } }
  },
}

/** JSON schema 2020-12, made from the schema that `apply` checks with. */
export function declarationSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Clients, teams and limits of a Tollgate gateway',
    ...plain(declaration),
  }
}

/** Removes our own keywords, and appends `expected` to the description. */
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
