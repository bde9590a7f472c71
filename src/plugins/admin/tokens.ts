/** Administrators' tokens: made and shown once, listed without their secrets, revoked. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { FIRST, roles } from '../../admin-tokens.ts'
import { name } from '../../settings.ts'
import { isTaken } from '../../stores/query.ts'
import { createToken, deleteToken, listTokens } from '../../stores/token-records.ts'
import { problem } from './problem.ts'
import { expiresAt, named, page, pageOf, type TypeBoxProvider, timeOf } from './schemas.ts'

const birth = Type.Object(
  {
    name,
    role: Type.Enum(roles, {
      description: 'A viewer may only GET',
      expected: roles.map(role => `"${role}"`).join(' or '),
    }),
    expiresAt,
  },
  { additionalProperties: false, expected: 'an object with name, role, expiresAt' },
)

export default async function tokens(app: FastifyInstance) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.get('/whoami', ({ administrator }) => administrator)

  routes.post('/tokens', { schema: { body: birth } }, async ({ body, administrator }, reply) => {
    if (body.name === FIRST) throw reserved()
    const made = await app
      .change(db =>
        createToken(db, app.clients.secret, {
          ...body,
          expiresAt: timeOf(body.expiresAt),
          createdBy: administrator.name,
        }),
      )
      .catch(error => {
        throw isTaken(error, 'admin_tokens_pkey') ? nameTaken(body.name) : error
      })
    return reply.code(201).send(made)
  })

  routes.get('/tokens', { schema: { querystring: page } }, async ({ query: { limit, cursor } }) => {
    const { shown, next } = pageOf(
      await listTokens(app.pg, { after: cursor, limit: limit + 1 }),
      limit,
      token => token.name,
    )
    return { tokens: shown, next }
  })

  routes.delete('/tokens/:name', { schema: { params: named } }, async ({ params }, reply) => {
    if (params.name === FIRST) throw reserved()
    if (!(await app.change(db => deleteToken(db, params.name)))) throw unknownToken(params.name)
    return reply.code(204).send()
  })
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
