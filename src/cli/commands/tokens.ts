/** Tokens of administrators. */

import type { MadeTokenBody, TokenBody } from '../../admin/bodies.ts'
import { roles } from '../../admin/response-schemas.ts'
import { type Command, textOf } from '../command.ts'
import { expiryFrom } from '../settings.ts'
import { NONE, table, time } from '../text.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'

export const tokens: Command[] = [
  {
    name: 'tokens create',
    about: 'Create an administrator token and print it; it cannot be shown again',
    args: ['name'],
    options: {
      role: {
        values: roles,
        about: 'a viewer may read everything and change nothing; viewer by default',
      },
      expires: { value: '90d', about: 'when it expires: a time from now, or 2027-01-31T12:00:00Z' },
    },
    examples: ['tokens create board', 'tokens create ci --role admin --expires 90d'],
    async run(input, api) {
      const role = textOf(input, 'role') ?? 'viewer'
      const body = { name: input.args.name, role, ...expiryFrom(input) }
      const response = await api.call<MadeTokenBody>('POST', '/tokens', body)
      const until = response.expiresAt ? `, until ${time(response.expiresAt)} UTC` : ''
      const note = `Token ${response.name}, ${response.role}${until}. It is not shown again.`
      return { response, text: response.token, note }
    },
  },
  {
    name: 'tokens list',
    about: 'List administrator tokens without their secrets',
    args: [],
    options: pageOptions,
    examples: ['tokens list'],
    async run(input, api) {
      const response = await api.call<Page & { tokens: TokenBody[] }>('GET', `/tokens${pageFrom(input)}`)
      const rows = response.tokens.map(({ name, role, createdAt, createdBy = NONE, expiresAt }) => [
        name,
        role,
        time(createdAt),
        createdBy,
        time(expiresAt),
      ])
      const text = table(['NAME', 'ROLE', 'CREATED', 'BY', 'EXPIRES'], rows)
      return { response, text, ...pageNote(response) }
    },
  },
  {
    name: 'tokens revoke',
    about: 'Revoke an administrator token now; this cannot be undone',
    args: ['name'],
    options: {},
    examples: ['tokens revoke ci'],
    async run({ args }, api) {
      await api.call('DELETE', `/tokens/${encodeURIComponent(args.name ?? '')}`)
      return { response: { revoked: args.name }, text: `Token ${args.name} is revoked.` }
    },
  },
]

export const whoami: Command = {
  name: 'whoami',
  about: 'Show the name and role of the token in ADMIN_TOKEN',
  args: [],
  options: {},
  examples: ['whoami'],
  async run(_input, api) {
    const response = await api.call<{ name: string; role: string }>('GET', '/whoami')
    return { response, text: `${response.name}, ${response.role}` }
  },
}
