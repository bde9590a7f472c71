/** Prints the current settings in the form that `apply` takes. */

import { stringify } from 'yaml'
import type { Command } from '../command.ts'
import { currentClients, currentGateway, currentTeams } from '../current.ts'

export const exportAll: Command = {
  name: 'export',
  about: 'Print the settings of the gateway, all teams and all clients, as apply takes them; without keys',
  args: [],
  options: { yaml: { about: 'as YAML; JSON without it' } },
  examples: ['export > clients.json', 'export --yaml > clients.yaml'],
  async run({ flags }, api) {
    const answer = {
      gateway: await currentGateway(api),
      teams: await currentTeams(api),
      clients: await currentClients(api),
    }
    const text = flags.has('yaml') ? stringify(answer).trimEnd() : JSON.stringify(answer, null, 2)
    return { answer, shown: { text } }
  },
}
