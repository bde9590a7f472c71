/** Clients. */

import type { ChangedClientBody, ClientBody } from '../../admin/bodies.ts'
import { defaultHold } from '../../clients/settings.ts'
import type { Input } from '../command.ts'
import { type Command, textOf } from '../command.ts'
import { usageError } from '../errors.ts'
import { clientFrom, clientOptions, withoutNulls } from '../settings.ts'
import { NONE, table } from '../text.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'
import { bucket, dollars, limitRows, waitText } from './responses.ts'

const at = (name: string | undefined) => `/clients/${encodeURIComponent(name ?? '')}`

export const clients: Command[] = [
  {
    name: 'clients create',
    about: 'Create a client',
    args: ['name'],
    options: clientOptions,
    examples: [
      "clients create frontend --team web --requests 100/1h --budget 5/day --budget 100/month --models 'claude-haiku-*'",
    ],
    async run(input, api) {
      const settings = { name: input.args.name, ...withoutNulls(clientFrom(input)) }
      const response = await api.call<ChangedClientBody>('POST', '/clients', settings)
      const note = [...warned(response), `Create a key for it: tollgate keys create ${response.name}`].join(
        '\n',
      )
      return { response, text: describe(response), note }
    },
  },
  {
    name: 'clients list',
    about: 'List clients and their settings',
    args: [],
    options: pageOptions,
    examples: ['clients list --limit 1000', 'clients list --json'],
    async run(input, api) {
      const response = await api.call<Page & { clients: ClientBody[] }>('GET', `/clients${pageFrom(input)}`)
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
        response.clients.length > 0 ? table(head, response.clients.map(row)) : 'There are no clients.'
      return { response, text, ...pageNote(response) }
    },
  },
  {
    name: 'clients show',
    about: 'Show the settings and current usage of one client',
    args: ['name'],
    options: {},
    examples: ['clients show frontend'],
    async run({ args }, api) {
      const response = await api.call<ClientBody>('GET', at(args.name))
      return { response, text: describe(response) }
    },
  },
  {
    name: 'clients update',
    about: 'Change settings of a client; the value none removes one, other settings stay',
    args: ['name'],
    options: {
      name: { value: 'website', about: 'a new name; id, keys and counters stay' },
      ...clientOptions,
      disable: { about: 'refuse all calls of the client' },
      enable: { about: 'accept its calls again' },
    },
    examples: [
      'clients update frontend --budget 10/day --tokens none',
      'clients update frontend --hold ceiling --max-wait 2s',
      'clients update frontend --disable',
    ],
    async run(input, api) {
      const patch = { ...renamed(input), ...clientFrom(input), ...disabledFrom(input) }
      if (Object.keys(patch).length === 0)
        throw usageError('Found no setting to change, expected at least one.')
      const response = await api.call<ChangedClientBody>('PATCH', at(input.args.name), patch)
      const note = warned(response).join('\n')
      return { response, text: describe(response), ...(note && { note }) }
    },
  },
  {
    name: 'clients delete',
    about: 'Delete a client and revoke its keys; its spend stays in the ledger',
    args: ['name'],
    options: {},
    examples: ['clients delete frontend'],
    async run({ args }, api) {
      await api.call('DELETE', at(args.name))
      return { response: { deleted: args.name }, text: `Client ${args.name} is deleted.` }
    },
  },
]

/** The warnings about a saved client, one per line. */
function warned({ warnings }: ChangedClientBody): string[] {
  return warnings.map(warning => `Warning: ${warning}`)
}

function renamed(input: Input): object {
  const name = textOf(input, 'name')
  return name === undefined ? {} : { name }
}

function disabledFrom({ flags }: Input): object {
  if (flags.has('disable') && flags.has('enable'))
    throw usageError('Found --disable and --enable, expected only one of them.')
  if (flags.has('disable')) return { disabled: true }
  return flags.has('enable') ? { disabled: null } : {}
}

/** Without a list every model is allowed. An empty list allows none. */
function modelsText(models: readonly string[] | undefined, separator: string): string {
  if (models === undefined) return '*'
  return models.join(separator) || 'no model'
}

const holdText = {
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
}: ClientBody): string[] {
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

function describe(client: ClientBody): string {
  const { id, name, team = NONE, models, limits = {}, cache = {}, loop, allow = [], disabled } = client
  const { hold = defaultHold } = client
  const cached = [`share ${cache.share ?? 'client'}`, ...(cache.ttlSeconds ? [`${cache.ttlSeconds} s`] : [])]
  return table(
    ['NAME', name, ''],
    [
      ['id', id, disabled ? 'disabled: all calls are refused' : ''],
      ['team', team, ''],
      ['models', modelsText(models, ', '), ''],
      ...limitRows(client),
      ['max wait', waitText(limits.maxWaitMs), ''],
      ['hold', hold, holdText[hold]],
      ['cache', cache.enabled === false ? 'off' : `on, ${cached.join(', ')}`, ''],
      ['loop', loop ? `${loop.identical}/${loop.per}` : NONE, ''],
      ['allow', allow.join(', ') || NONE, ''],
    ],
  )
}
