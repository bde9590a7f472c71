/** Teams, and the whole gateway. */

import type { Api } from '../api.ts'
import type { Command, Input } from '../command.ts'
import { isCliError, misused } from '../errors.ts'
import { levelFrom, levelOptions, withoutNulls } from '../settings.ts'
import { NONE, table } from '../text.ts'
import { bucket, dollars, type LevelAnswer, standing, type TeamAnswer } from './answers.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'

const replace = { about: 'remove every setting that is not named' }

const at = (name: string | undefined) => `/teams/${encodeURIComponent(name ?? '')}`

export const teams: Command[] = [
  {
    name: 'teams set',
    about: 'Make a team, or change the limits that its clients share; settings that are not named stay',
    args: ['name'],
    options: { ...levelOptions, replace },
    examples: [
      'teams set web --requests 1000/1h --budget 500/month',
      'teams set web --requests none',
      'teams set web --budget 500/month --replace',
    ],
    async run(input, api) {
      const { answer, note } = await setTeam(input, api)
      return { answer, shown: { text: describe(answer.name, answer), ...(note && { note }) } }
    },
  },
  {
    name: 'teams show',
    about: 'One team: its settings, and where it stands now',
    args: ['name'],
    options: {},
    examples: ['teams show web'],
    async run({ args }, api) {
      const answer = await api.call<TeamAnswer>('GET', at(args.name))
      return { answer, shown: { text: describe(answer.name, answer) } }
    },
  },
  {
    name: 'teams list',
    about: 'All teams and their settings',
    args: [],
    options: pageOptions,
    examples: ['teams list'],
    async run(input, api) {
      const answer = await api.call<Page & { teams: TeamAnswer[] }>('GET', `/teams${pageFrom(input)}`)
      const head = ['NAME', 'REQUESTS', 'TOKENS', 'CONCURRENCY', 'BUDGET']
      const text = answer.teams.length > 0 ? table(head, answer.teams.map(row)) : 'There are no teams yet.'
      return { answer, shown: { text, ...pageNote(answer) } }
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
      return { answer: { deleted: args.name }, shown: { text: `Team ${args.name} is deleted.` } }
    },
  },
]

export const gateway: Command[] = [
  {
    name: 'gateway set',
    about: 'Change the limits that all clients share; settings that are not named stay, none removes one',
    args: [],
    options: { ...levelOptions, replace },
    examples: ['gateway set --budget 10000/month', 'gateway set --budget 10000/month --replace'],
    async run(input, api) {
      const settings = levelFrom(input)
      const isWhole = input.flags.has('replace')
      if (!isWhole && Object.keys(settings).length === 0)
        throw misused('There is nothing to change: name a setting.')
      const answer = isWhole
        ? await api.call<LevelAnswer>('PUT', '/gateway', withoutNulls(settings))
        : await api.call<LevelAnswer>('PATCH', '/gateway', settings)
      return { answer, shown: { text: describe('gateway', answer) } }
    },
  },
  {
    name: 'gateway show',
    about: 'What all clients together may do, and where they stand now',
    args: [],
    options: {},
    examples: ['gateway show'],
    async run(_input, api) {
      const answer = await api.call<LevelAnswer>('GET', '/gateway')
      return { answer, shown: { text: describe('gateway', answer) } }
    },
  },
]

/** Makes the team if it does not exist. */
async function setTeam(input: Input, api: Api): Promise<{ answer: TeamAnswer; note?: string }> {
  const { name } = input.args
  const settings = levelFrom(input)
  const put = () => api.call<TeamAnswer>('PUT', at(name), withoutNulls(settings))
  if (input.flags.has('replace')) return { answer: await put() }
  try {
    return { answer: await api.call<TeamAnswer>('PATCH', at(name), settings) }
  } catch (error) {
    if (!isCliError(error) || error.status !== 404) throw error
    return { answer: await put(), note: `Team ${name} is new: clients join it with --team ${name}.` }
  }
}

function describe(name: string, level: LevelAnswer): string {
  return table(['NAME', name, ''], standing(level))
}

function row({ name, limits = {}, budget }: TeamAnswer): string[] {
  return [
    name,
    bucket(limits.requests),
    bucket(limits.tokens),
    String(limits.concurrency ?? NONE),
    dollars(budget),
  ]
}
