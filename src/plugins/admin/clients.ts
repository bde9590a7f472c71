/** Clients: made, listed, shown with where they stand, changed, deleted. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { clientSettings } from '../../settings.ts'
import {
  createClient,
  deleteClient,
  listClients,
  readClient,
  reviseClient,
} from '../../stores/client-records.ts'
import { isTaken } from '../../stores/query.ts'
import type { ManyStates, States } from '../../stores/states.ts'
import { faultFinder } from './faults.ts'
import { mergePatch } from './json.ts'
import { nameTaken, problem, unknownClient } from './problem.ts'
import { named, pageOf, pageWithState, type TypeBoxProvider } from './schemas.ts'

const patch = Type.Object({}, { expected: 'an object with the settings to change; null takes one away' })
const findFaults = faultFinder(clientSettings)

export default async function clients(
  app: FastifyInstance,
  { state, states }: { state: States; states: ManyStates },
) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.post('/clients', { schema: { body: clientSettings } }, async ({ body }, reply) => {
    const made = await app.change(db => createClient(db, body)).catch(refuseTaken(body.name))
    return reply.code(201).header('location', `/admin/clients/${body.name}`).send(made)
  })

  routes.get('/clients', { schema: { querystring: pageWithState } }, async ({ query }) => {
    const { limit, cursor } = query
    const { shown, next } = pageOf(
      await listClients(app.pg, { after: cursor, limit: limit + 1 }),
      limit,
      client => client.name,
    )
    if (!query.state) return { clients: shown, next }
    const found = await states(shown.map(client => ({ key: `client:${client.id}`, ...client })))
    return { clients: shown.map((client, i) => ({ ...client, state: found[i] })), next }
  })

  routes.get('/clients/:name', { schema: { params: named } }, async ({ params }) => {
    const client = await readClient(app.pg, params.name)
    if (!client) throw unknownClient(params.name)
    return { ...client, state: await state({ key: `client:${client.id}`, ...client }) }
  })

  routes.patch('/clients/:name', { schema: { params: named, body: patch } }, async ({ params, body }) => {
    const changed = await app
      .change(db => reviseClient(db, params.name, before => settingsOf(mergePatch(before, body))))
      .catch(refuseTaken(String(Reflect.get(body, 'name'))))
    if (!changed) throw unknownClient(params.name)
    return changed
  })

  routes.delete('/clients/:name', { schema: { params: named } }, async ({ params }, reply) => {
    if (!(await app.change(db => deleteClient(db, params.name)))) throw unknownClient(params.name)
    return reply.code(204).send()
  })
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
