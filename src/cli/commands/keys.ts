/** Keys of clients. */

import type { KeyBody, MadeKeyBody } from '../../admin/bodies.ts'
import { type Command, textOf } from '../command.ts'
import { expiryFrom, secondsFrom } from '../settings.ts'
import { NONE, table, time } from '../text.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'

const expires = { value: '90d', about: 'when the key expires: a time from now, or 2027-01-31T12:00:00Z' }
const of = (client: string | undefined) => `/clients/${encodeURIComponent(client ?? '')}/keys`
const at = (id: string | undefined) => `/keys/${encodeURIComponent(id ?? '')}`

export const keys: Command[] = [
  {
    name: 'keys create',
    about: 'Create a key for a client and print it; it cannot be shown again',
    args: ['client'],
    options: { expires },
    examples: ['keys create frontend', 'keys create frontend --expires 90d'],
    async run(input, api) {
      const response = await api.call<MadeKeyBody>('POST', of(input.args.client), expiryFrom(input))
      return { response, text: response.key, note: `${keyText(response)} It is not shown again.` }
    },
  },
  {
    name: 'keys list',
    about: 'List the keys of a client without their secrets',
    args: ['client'],
    options: pageOptions,
    examples: ['keys list frontend'],
    async run(input, api) {
      const path = `${of(input.args.client)}${pageFrom(input)}`
      const response = await api.call<Page & { keys: KeyBody[] }>('GET', path)
      const head = ['ID', 'STATUS', 'CREATED', 'EXPIRES', 'REVOKED', 'ROTATED FROM']
      const text = response.keys.length > 0 ? table(head, response.keys.map(row)) : 'The client has no keys.'
      return { response, text, ...pageNote(response) }
    },
  },
  {
    name: 'keys rotate',
    about: 'Replace a key by a new one and print it; the old key stays valid for a grace period',
    args: ['id'],
    options: {
      grace: { value: '1h', about: 'how long the old key stays valid; one day by default, 0 ends it now' },
      expires,
    },
    examples: ['keys rotate 3mPwpyb6 --grace 1h'],
    async run(input, api) {
      const grace = textOf(input, 'grace')
      const response = await api.call<MadeKeyBody>('POST', `${at(input.args.id)}/rotate`, {
        ...(grace !== undefined && { graceSeconds: secondsFrom('grace', grace) }),
        ...expiryFrom(input),
      })
      const expiry = `Key ${input.args.id} expires at ${time(response.former?.expiresAt)} UTC.`
      return { response, text: response.key, note: `${keyText(response)} It is not shown again. ${expiry}` }
    },
  },
  {
    name: 'keys revoke',
    about: 'Revoke a key now; this cannot be undone',
    args: ['id'],
    options: {},
    examples: ['keys revoke 3mPwpyb6'],
    async run({ args }, api) {
      await api.call('DELETE', at(args.id))
      return { response: { revoked: args.id }, text: `Key ${args.id} is revoked.` }
    },
  },
]

function keyText({ id, client, expiresAt }: KeyBody): string {
  return `Key ${id} of ${client}${expiresAt ? `, until ${time(expiresAt)} UTC` : ''}.`
}

function row({ id, status, createdAt, expiresAt, revokedAt, rotatedFrom = NONE }: KeyBody): string[] {
  return [id, status, time(createdAt), time(expiresAt), time(revokedAt), rotatedFrom]
}
