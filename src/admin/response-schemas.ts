/** Response schemas of the admin API for pages, problems and tokens. */

import { type Static, type TProperties, Type } from 'typebox'
import { moment, shownOnce } from '../clients/responses.ts'

/** One page of a list, under the list's own name. */
export function pageResponse<Properties extends TProperties>(list: Properties) {
  return Type.Object({
    ...list,
    next: Type.Optional(Type.String({ description: 'The cursor of the next page; absent on the last one' })),
  })
}

export const total = Type.Optional(
  Type.Integer({ description: 'The number of entries on all pages; only on request' }),
)

/** A viewer may read everything and change nothing. */
export const roles = ['admin', 'viewer'] as const
export type Role = (typeof roles)[number]

/** The token of a request. */
export type Administrator = Static<typeof administrator>
export const administrator = Type.Object(
  { name: Type.String({ description: "The token's name" }), role: Type.Enum(roles) },
  { title: 'Administrator' },
)
const tokenProperties = {
  ...administrator.properties,
  createdAt: Type.Optional(moment('When it was made; absent: it is ADMIN_TOKEN')),
  createdBy: Type.Optional(Type.String({ description: 'The token that created it' })),
  expiresAt: Type.Optional(moment('When it ends; absent: never')),
}
export const token = Type.Object(tokenProperties, { title: 'Token' })
export const madeToken = Type.Object({ ...tokenProperties, token: shownOnce }, { title: 'MadeToken' })

/** A response without a body. */
export const nothing = Type.Undefined({ description: 'Done' })

export const problem = Type.Object(
  {
    type: Type.Literal('about:blank'),
    title: Type.String({ description: 'The status in words' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'What was found, what is expected, how to fix it' }),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), detail: Type.String() }), {
        description: 'Each fault of the request',
      }),
    ),
    requestId: Type.String({ description: "As in the gateway's log" }),
  },
  { title: 'Problem', description: 'Problem details, RFC 9457' },
)
