/** Teams, and the whole gateway. */

import type { Command } from '../command.ts'
import { levelFrom, levelOptions, withoutNulls } from '../settings.ts'
import { NONE, table } from '../text.ts'
import { bucket, dollars, type LevelAnswer, standing, type TeamAnswer } from './answers.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'

const at = (name: string | undefined) => `/teams/${encodeURIComponent(name ?? '')}`

export const teams: Command[] = [
  {
    name: 'teams set',
    about: 'Set what all clients of a team together may do; what is not named is taken away',
    args: ['name'],
    options: levelOptions,
    examples: ['teams set web --requests 1000/1h --budget 500/month'],
    async run(input, api) {
      const answer = await api.call<TeamAnswer>('PUT', at(input.args.name), withoutNulls(levelFrom(input)))
      return { answer, shown: { text: describe(answer.name, answer) } }
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
]

export const gateway: Command[] = [
  {
    name: 'gateway set',
    about: 'Set what all clients together may do; what is not named is taken away',
    args: [],
    options: levelOptions,
    examples: ['gateway set --budget 10000/month'],
    async run(input, api) {
      const answer = await api.call<LevelAnswer>('PUT', '/gateway', withoutNulls(levelFrom(input)))
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
