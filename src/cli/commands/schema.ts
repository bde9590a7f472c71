/** The JSON schemas of the gateway's files, for editors and CI. */

import { jsonSchemaOf } from '../../config/json-schema.ts'
import { upstreamsFile } from '../../upstreams/file/schema.ts'
import type { Command } from '../command.ts'
import { declaration } from '../declared.ts'

export const schema: Command = {
  name: 'schema',
  about:
    'Print the JSON schema of the file for apply, or of UPSTREAMS_FILE; docs/clients.schema.json and docs/upstreams.schema.json hold the same',
  args: [],
  options: { upstreams: { about: 'print the schema of UPSTREAMS_FILE' } },
  examples: ['schema > clients.schema.json', 'schema --upstreams > upstreams.schema.json'],
  isOffline: true,
  async run({ flags }) {
    const response = flags.has('upstreams') ? upstreamsSchema() : declarationSchema()
    return { response, text: JSON.stringify(response, null, 2) }
  },
}

export function declarationSchema(): object {
  return jsonSchemaOf(declaration, 'Clients, teams and limits of a Tollgate gateway')
}

export function upstreamsSchema(): object {
  return jsonSchemaOf(upstreamsFile, 'Upstreams and routes of a Tollgate gateway')
}
