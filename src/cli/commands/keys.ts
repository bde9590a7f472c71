/** Keys. */

import { type Command, textOf } from '../command.ts'
import { expiryFrom, secondsFrom } from '../settings.ts'
import { NONE, table, time } from '../text.ts'
import type { KeyAnswer } from './answers.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'

type MadeKey = KeyAnswer & { key: string; former?: KeyAnswer }

const expires = { value: '90d', about: 'when the key ends: a time from now, or 2027-01-31T12:00:00Z' }
const of = (client: string | undefined) => `/clients/${encodeURIComponent(client ?? '')}/keys`
const at = (id: string | undefined) => `/keys/${encodeURIComponent(id ?? '')}`

export const keys: Command[] = [
  {
    name: 'keys create',
    about: 'Make a key of a client and print it: the only time it is shown',
    args: ['client'],
    options: { expires },
    examples: ['keys create frontend', 'keys create frontend --expires 90d'],
    async run(input, api) {
      const answer = await api.call<MadeKey>('POST', of(input.args.client), expiryFrom(input))
      return { answer, shown: { text: answer.key, note: `${told(answer)} It is not shown again.` } }
    },
  },
  {
    name: 'keys list',
    about: "A client's keys, without their secrets",
    args: ['client'],
    options: pageOptions,
    examples: ['keys list frontend'],
    async run(input, api) {
      const path = `${of(input.args.client)}${pageFrom(input)}`
      const answer = await api.call<Page & { keys: KeyAnswer[] }>('GET', path)
      const head = ['ID', 'STATUS', 'CREATED', 'EXPIRES', 'REVOKED', 'ROTATED FROM']
      const text = answer.keys.length > 0 ? table(head, answer.keys.map(row)) : 'It has no keys yet.'
      return { answer, shown: { text, ...pageNote(answer) } }
    },
  },
  {
    name: 'keys rotate',
    about: 'Make a new key in the place of one that goes on for a grace, and print it',
    args: ['id'],
    options: {
      grace: { value: '1h', about: 'how long the old key stays valid; a day by default, 0 ends it at once' },
      expires,
    },
    examples: ['keys rotate 3mPwpyb6 --grace 1h'],
    async run(input, api) {
      const grace = textOf(input, 'grace')
      const answer = await api.call<MadeKey>('POST', `${at(input.args.id)}/rotate`, {
        ...(grace !== undefined && { graceSeconds: secondsFrom('grace', grace) }),
        ...expiryFrom(input),
      })
      const end = `Key ${input.args.id} ends at ${time(answer.former?.expiresAt)} UTC.`
      return { answer, shown: { text: answer.key, note: `${told(answer)} It is not shown again. ${end}` } }
    },
  },
  {
    name: 'keys revoke',
    about: 'End a key, at once and for good',
    args: ['id'],
    options: {},
    examples: ['keys revoke 3mPwpyb6'],
    async run({ args }, api) {
      await api.call('DELETE', at(args.id))
      return { answer: { revoked: args.id }, shown: { text: `Key ${args.id} is revoked.` } }
    },
  },
]

function told({ id, client, expiresAt }: KeyAnswer): string {
  return `Key ${id} of ${client}${expiresAt ? `, until ${time(expiresAt)} UTC` : ''}.`
}

function row({ id, status, createdAt, expiresAt, revokedAt, rotatedFrom = NONE }: KeyAnswer): string[] {
  return [id, status, time(createdAt), time(expiresAt), time(revokedAt), rotatedFrom]
}
