/** Routes of administrators' tokens: create (the token is shown once), list without secrets, revoke. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { name as tokenName } from '../clients/settings.ts'
import { isTaken } from '../sql/query.ts'
import { cursorsOf } from './cursors.ts'
import { problem } from './problem.ts'
import { administrator, madeToken, nothing, pageResponse, roles, token } from './response-schemas.ts'
import { expiresAt, futureOf, limit, named, pageOf, type TypeBoxProvider } from './schemas.ts'
import { FIRST } from './token-format.ts'
import { createToken, deleteToken, listTokens } from './token-records.ts'

const birth = Type.Object(
  {
    name: tokenName,
    role: Type.Enum(roles, {
      description: 'A viewer may only GET',
      expected: roles.map(role => `"${role}"`).join(' or '),
    }),
    expiresAt,
  },
  { additionalProperties: false, expected: 'an object with name, role, expiresAt' },
)

const cursors = cursorsOf('tokens', 'name')
const page = Type.Object({ limit, cursor: cursors.schema }, { additionalProperties: false })

export default async function tokens(app: FastifyInstance) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.get(
    '/whoami',
    { schema: { summary: 'The owner of the token of this request', response: { 200: administrator } } },
    async request => request.administrator,
  )

  routes.post(
    '/tokens',
    {
      schema: {
        summary: 'Create a token',
        description: 'The only time it is shown.',
        body: birth,
        response: { 201: madeToken },
      },
    },
    async (request, reply) => {
      const { body } = request
      if (body.name === FIRST) throw reserved()
      const expiresAt = futureOf(body.expiresAt, app.clock.now())
      const made = await app
        .change(request, db =>
          createToken(db, app.clients.secret, {
            ...body,
            expiresAt,
            createdBy: request.administrator.name,
          }),
        )
        .catch(error => {
          throw isTaken(error, 'admin_tokens_pkey') ? nameTaken(body.name) : error
        })
      return reply.code(201).send(made)
    },
  )

  routes.get(
    '/tokens',
    {
      schema: {
        summary: 'All tokens: ADMIN_TOKEN, then the others by name',
        querystring: page,
        response: { 200: pageResponse({ tokens: Type.Array(token) }) },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const { shown, next } = pageOf(
        await listTokens(app.pg, { after: cursors.placeOf(cursor), limit: limit + 1 }),
        limit,
        one => cursors.format(one.name),
      )
      return { tokens: shown, next }
    },
  )

  routes.delete(
    '/tokens/:name',
    { schema: { summary: 'Revoke a token', params: named, response: { 204: nothing } } },
    async (request, reply) => {
      const { name } = request.params
      if (name === FIRST) throw reserved()
      if (!(await app.change(request, db => deleteToken(db, name)))) throw unknownToken(name)
      return reply.code(204).send()
    },
  )
}

function reserved() {
  return problem(
    409,
    `"${FIRST}" is the token that the gateway was started with; change it in its environment, or in the file that ${FIRST}_FILE names.`,
  )
}

function nameTaken(taken: string) {
  return problem(409, `There is a token "${taken}" already; choose another name, or revoke that one first.`)
}

function unknownToken(unknown: string) {
  return problem(404, `There is no token "${unknown}"; GET /admin/tokens lists those there are.`)
}
