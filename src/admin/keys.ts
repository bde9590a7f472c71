/** Routes of keys: create (the key is shown once), list without secrets, rotate with a grace period, revoke. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { readClient } from '../clients/client-records.ts'
import { createKey, listKeys, readKey, revokeKey, rotateKey, successorOf } from '../clients/key-records.ts'
import { key, madeKey, rotatedKey } from '../clients/responses.ts'
import { cursorsOf } from './cursors.ts'
import { problem, unknownClient, unknownCursor, unknownKey } from './problem.ts'
import { nothing, pageResponse } from './response-schemas.ts'
import { expiresAt, futureOf, limit, named, pageOf, type TypeBoxProvider } from './schemas.ts'

const birth = Type.Object(
  { expiresAt },
  { additionalProperties: false, expected: 'an object with expiresAt, or nothing' },
)
/** Long enough to give the new key to every service; the dashboard offers the same. */
const GRACE_SECONDS = 86_400

const rotation = Type.Object(
  {
    expiresAt,
    graceSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 31_536_000,
        description: 'Seconds for which the old key stays valid; default 86400, a day; 0: it ends at once',
        expected: 'a whole number of seconds from 0 to 31536000',
      }),
    ),
  },
  { additionalProperties: false, expected: 'an object with graceSeconds, expiresAt, or nothing' },
)
const keyed = Type.Object({
  id: Type.String({ pattern: '^[A-Za-z0-9]{8}$', expected: "a key's public id: the 8 characters after tg_" }),
})

const cursors = cursorsOf('keys', 'name')
const page = Type.Object({ limit, cursor: cursors.schema }, { additionalProperties: false })

export default async function keys(app: FastifyInstance) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.post(
    '/clients/:name/keys',
    {
      schema: {
        summary: 'Create a key of a client',
        description: 'The only time it is shown.',
        params: named,
        body: birth,
        response: { 201: madeKey },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const now = app.clock.now()
      const expiresAt = futureOf(body.expiresAt, now)
      const made = await app.change(request, db =>
        createKey(db, app.clients.secret, params.name, expiresAt, now),
      )
      if (!made) throw await unknownClient(app.pg, params.name)
      return reply.code(201).send(made)
    },
  )

  routes.get(
    '/clients/:name/keys',
    {
      schema: {
        summary: "A client's keys, the newest first",
        params: named,
        querystring: page,
        response: { 200: pageResponse({ keys: Type.Array(key) }) },
      },
    },
    async ({ params, query: { limit, cursor } }) => {
      if (!(await readClient(app.pg, params.name))) throw await unknownClient(app.pg, params.name)
      const after = cursors.placeOf(cursor)
      const isOfClient = async () => (await readKey(app.pg, after, app.clock.now()))?.client === params.name
      if (cursor !== undefined && !(await isOfClient())) throw unknownCursor(cursor)
      const { shown, next } = pageOf(
        await listKeys(app.pg, params.name, { after, limit: limit + 1 }, app.clock.now()),
        limit,
        one => cursors.format(one.id),
      )
      return { keys: shown, next }
    },
  )

  routes.post(
    '/keys/:id/rotate',
    {
      schema: {
        summary: 'Create a key that replaces another one after a grace period',
        params: keyed,
        body: rotation,
        response: { 201: rotatedKey },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const { graceSeconds = GRACE_SECONDS } = body
      const now = app.clock.now()
      const expiresAt = futureOf(body.expiresAt, now)
      const rotated = await app.change(request, async db => {
        const former = await readKey(db, params.id, now, 'for update of keys')
        if (!former) throw unknownKey(params.id)
        if (former.status !== 'active') throw notActive(former)
        const successor = await successorOf(db, params.id)
        if (successor !== undefined) throw rotatedAlready(former, successor)
        return rotateKey(db, app.clients.secret, former, { graceSeconds, expiresAt }, now)
      })
      return reply.code(201).send(rotated)
    },
  )

  routes.delete(
    '/keys/:id',
    {
      schema: { summary: 'Revoke a key at once and permanently', params: keyed, response: { 204: nothing } },
    },
    async (request, reply) => {
      const { id } = request.params
      if (!(await app.change(request, db => revokeKey(db, id, app.clock.now())))) throw unknownKey(id)
      return reply.code(204).send()
    },
  )
}

/** A rotated key ends with its grace period, so its lifetime must not be copied to another key. */
function rotatedAlready({ id, client }: { id: string; client: string }, successor: string) {
  return problem(
    409,
    `Key "${id}" was rotated already, into "${successor}", which was shown then; rotate that one, or revoke it and ` +
      `make another with POST /admin/clients/${client}/keys.`,
  )
}

function notActive({ id, status, client }: { id: string; status: string; client: string }) {
  return problem(
    409,
    `Key "${id}" is ${status}, so it cannot be rotated; make a new one with POST /admin/clients/${client}/keys.`,
  )
}
