/** Clients. */

import { defaultHold } from '../../clients/settings.ts'
import type { Input } from '../command.ts'
import { type Command, textOf } from '../command.ts'
import { misused } from '../errors.ts'
import { clientFrom, clientOptions, withoutNulls } from '../settings.ts'
import { NONE, table } from '../text.ts'
import { bucket, type ChangedClient, type ClientAnswer, dollars, standing, waitText } from './answers.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'

const at = (name: string | undefined) => `/clients/${encodeURIComponent(name ?? '')}`

export const clients: Command[] = [
  {
    name: 'clients create',
    about: 'Make a client',
    args: ['name'],
    options: clientOptions,
    examples: [
      "clients create frontend --team web --requests 100/1h --budget 5/day --budget 100/month --models 'claude-haiku-*'",
    ],
    async run(input, api) {
      const settings = { name: input.args.name, ...withoutNulls(clientFrom(input)) }
      const answer = await api.call<ChangedClient>('POST', '/clients', settings)
      return {
        answer,
        shown: {
          text: describe(answer),
          note: [...warned(answer), `Make a key of it: keys create ${answer.name}`].join('\n'),
        },
      }
    },
  },
  {
    name: 'clients list',
    about: 'All clients and their settings',
    args: [],
    options: pageOptions,
    examples: ['clients list --limit 1000', 'clients list --json'],
    async run(input, api) {
      const answer = await api.call<Page & { clients: ClientAnswer[] }>('GET', `/clients${pageFrom(input)}`)
      const head = [
        'NAME',
        'TEAM',
        'MODELS',
        'REQUESTS',
        'TOKENS',
        'CONCURRENCY',
        'MAX WAIT',
        'BUDGET',
        'HOLD',
        '',
      ]
      const text =
        answer.clients.length > 0 ? table(head, answer.clients.map(row)) : 'There are no clients yet.'
      return { answer, shown: { text, ...pageNote(answer) } }
    },
  },
  {
    name: 'clients show',
    about: 'One client: its settings, and where it stands now',
    args: ['name'],
    options: {},
    examples: ['clients show frontend'],
    async run({ args }, api) {
      const answer = await api.call<ClientAnswer>('GET', at(args.name))
      return { answer, shown: { text: describe(answer) } }
    },
  },
  {
    name: 'clients update',
    about: 'Change settings; what is not named stays, none takes a setting away',
    args: ['name'],
    options: {
      name: { value: 'website', about: 'a new name; its id, keys and counters stay' },
      ...clientOptions,
      disable: { about: 'refuse all its calls' },
      enable: { about: 'take them again' },
    },
    examples: [
      'clients update frontend --budget 10/day --tokens none',
      'clients update frontend --hold ceiling --max-wait 2s',
      'clients update frontend --disable',
    ],
    async run(input, api) {
      const patch = { ...renamed(input), ...clientFrom(input), ...switched(input) }
      if (Object.keys(patch).length === 0) throw misused('There is nothing to change: name a setting.')
      const answer = await api.call<ChangedClient>('PATCH', at(input.args.name), patch)
      const note = warned(answer).join('\n')
      return { answer, shown: { text: describe(answer), ...(note && { note }) } }
    },
  },
  {
    name: 'clients delete',
    about: 'Delete a client and revoke its keys; what it has spent stays in the ledger',
    args: ['name'],
    options: {},
    examples: ['clients delete frontend'],
    async run({ args }, api) {
      await api.call('DELETE', at(args.name))
      return { answer: { deleted: args.name }, shown: { text: `Client ${args.name} is deleted.` } }
    },
  },
]

/** The warnings about a saved client, one per line. */
export function warned({ warnings }: ChangedClient): string[] {
  return warnings.map(warning => `Warning: ${warning}`)
}

function renamed(input: Input): object {
  const name = textOf(input, 'name')
  return name === undefined ? {} : { name }
}

function switched({ flags }: Input): object {
  if (flags.has('disable') && flags.has('enable')) throw misused('Either --disable or --enable, not both.')
  if (flags.has('disable')) return { disabled: true }
  return flags.has('enable') ? { disabled: null } : {}
}

/** An absent list allows every model, an empty one none. */
function modelsText(models: readonly string[] | undefined, separator: string): string {
  if (models === undefined) return '*'
  return models.join(separator) || 'no model'
}

const held = {
  growing: 'a running call holds its input and the next seconds of output',
  ceiling: 'a running call holds its input and its whole output limit',
}

function row({
  name,
  team = NONE,
  models,
  limits = {},
  budget,
  hold = defaultHold,
  disabled,
}: ClientAnswer): string[] {
  return [
    name,
    team,
    modelsText(models, ','),
    bucket(limits.requests),
    bucket(limits.tokens),
    String(limits.concurrency ?? NONE),
    waitText(limits.maxWaitMs),
    dollars(budget),
    hold,
    disabled ? 'disabled' : '',
  ]
}

function describe(client: ClientAnswer): string {
  const { id, name, team = NONE, models, limits = {}, cache = {}, loop, allow = [], disabled } = client
  const { hold = defaultHold } = client
  const cached = [`share ${cache.share ?? 'client'}`, ...(cache.ttlSeconds ? [`${cache.ttlSeconds} s`] : [])]
  return table(
    ['NAME', name, ''],
    [
      ['id', id, disabled ? 'disabled: all its calls are refused' : ''],
      ['team', team, ''],
      ['models', modelsText(models, ', '), ''],
      ...standing(client),
      ['max wait', waitText(limits.maxWaitMs), ''],
      ['hold', hold, held[hold]],
      ['cache', cache.enabled === false ? 'off' : `on, ${cached.join(', ')}`, ''],
      ['loop', loop ? `${loop.identical}/${loop.per}` : NONE, ''],
      ['allow', allow.join(', ') || NONE, ''],
    ],
  )
}
