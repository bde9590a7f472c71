/** Prints the current settings in the format of `apply`. */

import { stringify } from 'yaml'
import type { Command } from '../command.ts'
import { currentClients, currentGateway, currentTeams } from '../current.ts'

export const exportAll: Command = {
  name: 'export',
  about: 'Print the settings of the gateway, teams and clients as a file for apply, without keys',
  args: [],
  options: { yaml: { about: 'print YAML instead of JSON' } },
  examples: ['export > clients.json', 'export --yaml > clients.yaml'],
  async run({ flags }, api) {
    const response = {
      gateway: await currentGateway(api),
      teams: await currentTeams(api),
      clients: await currentClients(api),
    }
    const text = flags.has('yaml') ? stringify(response).trimEnd() : JSON.stringify(response, null, 2)
    return { response, text }
  },
}
