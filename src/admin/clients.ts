/** Routes that create, show, change and delete clients. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { createClient, deleteClient, readClient, reviseClient } from '../clients/client-records.ts'
import { changedClient, clientWithState, nullable } from '../clients/responses.ts'
import { clientSettings } from '../clients/settings.ts'
import type { States } from '../clients/states.ts'
import { isUnknownTeam } from '../clients/team-records.ts'
import { scopeKey } from '../lua/scope-kinds.ts'
import { isTaken } from '../sql/query.ts'
import { faultFinder } from './faults.ts'
import { mergePatch } from './json.ts'
import { modelWarnings } from './model-warnings.ts'
import { faultsProblem, nameTaken, noSuchTeam, unknownClient } from './problem.ts'
import { nothing } from './response-schemas.ts'
import { named, type TypeBoxProvider } from './schemas.ts'

const createTeam = Type.Optional(
  Type.Boolean({
    description: 'Create the team, without limits, if it does not exist; default false: it must exist',
    expected: 'true or false',
  }),
)
const newClient = Type.Object(
  { ...clientSettings.properties, createTeam },
  { additionalProperties: false, expected: 'an object with the settings of a client' },
)
const patch = Type.Object(
  { createTeam },
  { expected: 'an object with the settings to change; null removes one' },
)
/** For the documentation: the body is validated after the merge. */
const documented = Type.Object({
  ...Object.fromEntries(
    Object.entries(clientSettings.properties).map(([field, one]) => [field, Type.Optional(nullable(one))]),
  ),
  createTeam,
})
const findFaults = faultFinder(clientSettings)

export default async function clients(app: FastifyInstance, { state }: { state: States }) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.post(
    '/clients',
    {
      schema: { summary: 'Create a client', body: newClient, response: { 201: changedClient } },
    },
    async (request, reply) => {
      const { createTeam, ...settings } = request.body
      const made = await app
        .change(request, db => createClient(db, settings, { createTeam }))
        .catch(refuse(settings.name))
      return reply
        .code(201)
        .header('location', `/admin/clients/${settings.name}`)
        .send({ ...made, warnings: warningsOf(settings.models) })
    },
  )

  routes.get(
    '/clients/:name',
    {
      schema: {
        summary: 'One client: its settings and its current usage',
        params: named,
        response: { 200: clientWithState },
      },
    },
    async ({ params }) => {
      const found = await readClient(app.pg, params.name)
      if (!found) throw await unknownClient(app.pg, params.name)
      return { ...found, ...(await state({ key: scopeKey('client', found.id), ...found })) }
    },
  )

  routes.patch(
    '/clients/:name',
    {
      schema: {
        summary: 'Change settings of a client',
        description:
          'A merge patch (RFC 7396): absent settings stay, null removes a setting. The id, the keys and the spend of the client stay, also under a new name.',
        params: named,
        body: patch,
        documented,
        response: { 200: changedClient },
      },
    },
    async request => {
      const { params } = request
      const { createTeam, ...body } = request.body
      const changed = await app
        .change(request, db =>
          reviseClient(db, params.name, before => settingsOf(mergePatch(before, body)), { createTeam }),
        )
        .catch(refuse(String(Reflect.get(body, 'name'))))
      if (!changed) throw await unknownClient(app.pg, params.name)
      return { ...changed, warnings: 'models' in body ? warningsOf(changed.models) : [] }
    },
  )

  routes.delete(
    '/clients/:name',
    {
      schema: {
        summary: 'Delete a client and revoke its keys',
        description: 'Its spend stays in the ledger.',
        params: named,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      if (!(await app.change(request, db => deleteClient(db, name)))) throw await unknownClient(app.pg, name)
      return reply.code(204).send()
    },
  )

  /** Reports a taken name or an unknown team as a fault of the request. */
  function refuse(name: string) {
    return async (error: unknown): Promise<never> => {
      if (isTaken(error, 'clients_by_name')) throw nameTaken(name)
      throw isUnknownTeam(error) ? await noSuchTeam(app.pg, error.unknownTeam) : error
    }
  }

  function warningsOf(models: readonly string[] | undefined): string[] {
    return modelWarnings(models, app.upstreams.names())
  }
}

function settingsOf(value: unknown) {
  const faults = findFaults(value)
  if (faults.length > 0) throw faultsProblem(faults)
  return Value.Parse(clientSettings, value)
}
