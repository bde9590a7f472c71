/** Keys: made and shown once, listed without their secrets, rotated with a grace, revoked. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { readClient } from '../../stores/client-records.ts'
import { createKey, listKeys, readKey, revokeKey, rotateKey } from '../../stores/key-records.ts'
import { problem, unknownClient, unknownKey } from './problem.ts'
import { expiresAt, named, page, pageOf, type TypeBoxProvider, timeOf } from './schemas.ts'

const birth = Type.Object(
  { expiresAt },
  { additionalProperties: false, expected: 'an object with expiresAt, or nothing' },
)
const rotation = Type.Object(
  {
    expiresAt,
    graceSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 31_536_000,
        description: 'How long the old key goes on; default 0',
        expected: 'a whole number of seconds from 0 to 31536000',
      }),
    ),
  },
  { additionalProperties: false, expected: 'an object with graceSeconds, expiresAt, or nothing' },
)
const keyed = Type.Object({
  id: Type.String({ pattern: '^[A-Za-z0-9]{8}$', expected: "a key's public id: the 8 characters after tg_" }),
})

export default async function keys(app: FastifyInstance) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.post(
    '/clients/:name/keys',
    { schema: { params: named, body: birth } },
    async ({ params, body }, reply) => {
      const made = await createKey(app.pg, app.clients.secret, params.name, timeOf(body.expiresAt))
      if (!made) throw unknownClient(params.name)
      return reply.code(201).send(made)
    },
  )

  routes.get(
    '/clients/:name/keys',
    { schema: { params: named, querystring: page } },
    async ({ params, query: { limit, cursor } }) => {
      if (!(await readClient(app.pg, params.name))) throw unknownClient(params.name)
      const { shown, next } = pageOf(
        await listKeys(app.pg, params.name, { after: cursor, limit: limit + 1 }),
        limit,
        key => key.id,
      )
      return { keys: shown, next }
    },
  )

  routes.post(
    '/keys/:id/rotate',
    { schema: { params: keyed, body: rotation } },
    async ({ params, body }, reply) => {
      const rotated = await app.change(async db => {
        const former = await readKey(db, params.id, 'for update of keys')
        if (!former) throw unknownKey(params.id)
        if (former.status !== 'active') throw notActive(former)
        const { graceSeconds = 0, expiresAt } = body
        return rotateKey(db, app.clients.secret, former, { graceSeconds, expiresAt: timeOf(expiresAt) })
      })
      return reply.code(201).send(rotated)
    },
  )

  routes.delete('/keys/:id', { schema: { params: keyed } }, async ({ params }, reply) => {
    if (!(await app.change(db => revokeKey(db, params.id)))) throw unknownKey(params.id)
    return reply.code(204).send()
  })
}

function notActive({ id, status, client }: { id: string; status: string; client: string }) {
  return problem(
    409,
    `Key "${id}" is ${status}, so it cannot be rotated; make a new one with POST /admin/clients/${client}/keys.`,
  )
}
