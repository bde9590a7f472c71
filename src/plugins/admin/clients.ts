/** Clients: made, shown with where they stand, changed, deleted. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { clientSettings } from '../../settings.ts'
import { createClient, deleteClient, readClient, reviseClient } from '../../stores/client-records.ts'
import { isTaken } from '../../stores/query.ts'
import type { States } from '../../stores/states.ts'
import { client, clientWithState, nothing, nullable } from './answers.ts'
import { faultFinder } from './faults.ts'
import { mergePatch } from './json.ts'
import { nameTaken, problem, unknownClient } from './problem.ts'
import { named, type TypeBoxProvider } from './schemas.ts'

const patch = Type.Object({}, { expected: 'an object with the settings to change; null takes one away' })
/** Checked once it is merged; this is how it looks. */
const documented = Type.Object(
  Object.fromEntries(
    Object.entries(clientSettings.properties).map(([field, one]) => [field, Type.Optional(nullable(one))]),
  ),
)
const findFaults = faultFinder(clientSettings)

export default async function clients(app: FastifyInstance, { state }: { state: States }) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.post(
    '/clients',
    {
      schema: { summary: 'Make a client', body: clientSettings, response: { 201: client } },
    },
    async (request, reply) => {
      const { body } = request
      const made = await app.change(request, db => createClient(db, body)).catch(refuseTaken(body.name))
      return reply.code(201).header('location', `/admin/clients/${body.name}`).send(made)
    },
  )

  routes.get(
    '/clients/:name',
    {
      schema: {
        summary: 'One client: its settings, and where it stands now',
        params: named,
        response: { 200: clientWithState },
      },
    },
    async ({ params }) => {
      const found = await readClient(app.pg, params.name)
      if (!found) throw unknownClient(params.name)
      return { ...found, ...(await state({ key: `client:${found.id}`, ...found })) }
    },
  )

  routes.patch(
    '/clients/:name',
    {
      schema: {
        summary: 'Change settings of a client',
        description:
          'A merge patch (RFC 7396): what is not named stays, null takes a setting away. Its id, its keys and what it has spent stay, also under a new name.',
        params: named,
        body: patch,
        documented,
        response: { 200: client },
      },
    },
    async request => {
      const { params, body } = request
      const changed = await app
        .change(request, db => reviseClient(db, params.name, before => settingsOf(mergePatch(before, body))))
        .catch(refuseTaken(String(Reflect.get(body, 'name'))))
      if (!changed) throw unknownClient(params.name)
      return changed
    },
  )

  routes.delete(
    '/clients/:name',
    {
      schema: {
        summary: 'Delete a client and revoke its keys',
        description: 'What it has spent stays in the ledger.',
        params: named,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      if (!(await app.change(request, db => deleteClient(db, name)))) throw unknownClient(name)
      return reply.code(204).send()
    },
  )
}

function settingsOf(value: unknown) {
  const faults = findFaults(value)
  if (faults.length === 0) return Value.Parse(clientSettings, value)
  throw problem(400, `${faults.map(({ field, detail }) => `${field} ${detail}`).join('; ')}.`, faults)
}

function refuseTaken(name: string) {
  return (error: unknown): never => {
    throw isTaken(error, 'clients_by_name') ? nameTaken(name) : error
  }
}
