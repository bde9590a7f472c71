/** Administrators' tokens, and whose this one is. */

import { type Command, textOf } from '../command.ts'
import { expiryFrom } from '../settings.ts'
import { NONE, table, time } from '../text.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'

interface TokenAnswer {
  name: string
  role: string
  createdAt?: string
  createdBy?: string
  expiresAt?: string
}

export const tokens: Command[] = [
  {
    name: 'tokens create',
    about: 'Make an administrator token and print it: the only time it is shown',
    args: ['name'],
    options: {
      role: {
        value: 'admin|viewer',
        about: 'a viewer looks at everything and changes nothing; default viewer',
      },
      expires: { value: '90d', about: 'when it ends: a time from now, or 2027-01-31T12:00:00Z' },
    },
    examples: ['tokens create board', 'tokens create ci --role admin --expires 90d'],
    async run(input, api) {
      const role = textOf(input, 'role') ?? 'viewer'
      const body = { name: input.args.name, role, ...expiryFrom(input) }
      const answer = await api.call<TokenAnswer & { token: string }>('POST', '/tokens', body)
      const until = answer.expiresAt ? `, until ${time(answer.expiresAt)} UTC` : ''
      const note = `Token ${answer.name}, ${answer.role}${until}. It is not shown again.`
      return { answer, shown: { text: answer.token, note } }
    },
  },
  {
    name: 'tokens list',
    about: 'All administrator tokens, without their secrets',
    args: [],
    options: pageOptions,
    examples: ['tokens list'],
    async run(input, api) {
      const answer = await api.call<Page & { tokens: TokenAnswer[] }>('GET', `/tokens${pageFrom(input)}`)
      const rows = answer.tokens.map(({ name, role, createdAt, createdBy = NONE, expiresAt }) => [
        name,
        role,
        time(createdAt),
        createdBy,
        time(expiresAt),
      ])
      const text = table(['NAME', 'ROLE', 'CREATED', 'BY', 'EXPIRES'], rows)
      return { answer, shown: { text, ...pageNote(answer) } }
    },
  },
  {
    name: 'tokens revoke',
    about: 'End an administrator token, at once and for good',
    args: ['name'],
    options: {},
    examples: ['tokens revoke ci'],
    async run({ args }, api) {
      await api.call('DELETE', `/tokens/${encodeURIComponent(args.name ?? '')}`)
      return { answer: { revoked: args.name }, shown: { text: `Token ${args.name} is revoked.` } }
    },
  },
]

export const whoami: Command = {
  name: 'whoami',
  about: 'Whose token ADMIN_TOKEN is here, and what it may do',
  args: [],
  options: {},
  examples: ['whoami'],
  async run(_input, api) {
    const answer = await api.call<{ name: string; role: string }>('GET', '/whoami')
    return { answer, shown: { text: `${answer.name}, ${answer.role}` } }
  },
}
