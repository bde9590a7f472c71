/** Teams and the gateway. */

import type { TeamBody } from '../../admin/bodies.ts'
import type { Api } from '../api.ts'
import type { Command, Input } from '../command.ts'
import { isCliError, usageError } from '../errors.ts'
import { limitOptions, limitsFrom, withoutNulls } from '../settings.ts'
import { NONE, table } from '../text.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'
import { bucket, dollars, limitRows, type ScopeResponse } from './responses.ts'

const replace = { about: 'remove all other settings' }

const at = (name: string | undefined) => `/teams/${encodeURIComponent(name ?? '')}`

export const teams: Command[] = [
  {
    name: 'teams set',
    about: 'Create a team, or change the limits its clients share; other settings stay',
    args: ['name'],
    options: { ...limitOptions, replace },
    examples: [
      'teams set web --requests 1000/1h --budget 500/month',
      'teams set web --requests none',
      'teams set web --budget 500/month --replace',
    ],
    async run(input, api) {
      const { response, note } = await setTeam(input, api)
      return { response, text: describe(response.name, response), ...(note && { note }) }
    },
  },
  {
    name: 'teams show',
    about: 'Show the settings and current usage of one team',
    args: ['name'],
    options: {},
    examples: ['teams show web'],
    async run({ args }, api) {
      const response = await api.call<TeamBody>('GET', at(args.name))
      return { response, text: describe(response.name, response) }
    },
  },
  {
    name: 'teams list',
    about: 'List teams and their settings',
    args: [],
    options: pageOptions,
    examples: ['teams list'],
    async run(input, api) {
      const response = await api.call<Page & { teams: TeamBody[] }>('GET', `/teams${pageFrom(input)}`)
      const head = ['NAME', 'REQUESTS', 'TOKENS', 'CONCURRENCY', 'BUDGET']
      const text = response.teams.length > 0 ? table(head, response.teams.map(row)) : 'There are no teams.'
      return { response, text, ...pageNote(response) }
    },
  },
  {
    name: 'teams delete',
    about: 'Delete a team without clients; its spend stays in the ledger',
    args: ['name'],
    options: {},
    examples: ['teams delete web'],
    async run({ args }, api) {
      await api.call('DELETE', at(args.name))
      return { response: { deleted: args.name }, text: `Team ${args.name} is deleted.` }
    },
  },
]

export const gateway: Command[] = [
  {
    name: 'gateway set',
    about: 'Change the limits all clients share; the value none removes one, other settings stay',
    args: [],
    options: { ...limitOptions, replace },
    examples: ['gateway set --budget 10000/month', 'gateway set --budget 10000/month --replace'],
    async run(input, api) {
      const settings = limitsFrom(input)
      const isWhole = input.flags.has('replace')
      if (!isWhole && Object.keys(settings).length === 0)
        throw usageError('Found no setting to change, expected at least one.')
      const response = isWhole
        ? await api.call<ScopeResponse>('PUT', '/gateway', withoutNulls(settings))
        : await api.call<ScopeResponse>('PATCH', '/gateway', settings)
      return { response, text: describe('gateway', response) }
    },
  },
  {
    name: 'gateway show',
    about: 'Show the limits all clients share and their current usage',
    args: [],
    options: {},
    examples: ['gateway show'],
    async run(_input, api) {
      const response = await api.call<ScopeResponse>('GET', '/gateway')
      return { response, text: describe('gateway', response) }
    },
  },
]

/** Creates the team if it does not exist. */
async function setTeam(input: Input, api: Api): Promise<{ response: TeamBody; note?: string }> {
  const { name } = input.args
  const settings = limitsFrom(input)
  const put = () => api.call<TeamBody>('PUT', at(name), withoutNulls(settings))
  if (input.flags.has('replace')) return { response: await put() }
  try {
    return { response: await api.call<TeamBody>('PATCH', at(name), settings) }
  } catch (error) {
    if (!isCliError(error) || error.status !== 404) throw error
    return {
      response: await put(),
      note: `Team ${name} was created. Add a client: tollgate clients update <name> --team ${name}`,
    }
  }
}

function describe(name: string, scope: ScopeResponse): string {
  return table(['NAME', name, ''], limitRows(scope))
}

function row({ name, limits = {}, budget }: TeamBody): string[] {
  return [
    name,
    bucket(limits.requests),
    bucket(limits.tokens),
    String(limits.concurrency ?? NONE),
    dollars(budget),
  ]
}
