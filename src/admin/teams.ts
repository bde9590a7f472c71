/** Routes for teams and the gateway: limits and budgets that their clients share. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { gateway, gatewayWithState, listedTeam, nullable, team, teamWithState } from '../clients/responses.ts'
import { type ScopeSettings, scopeSettings } from '../clients/settings.ts'
import type { ManyStates, States } from '../clients/states.ts'
import {
  countTeams,
  deleteTeam,
  listTeams,
  putGateway,
  putTeam,
  readGatewayRecord,
  readTeam,
  reviseGateway,
  reviseTeam,
} from '../clients/team-records.ts'
import { scopeKey } from '../lua/scope-kinds.ts'
import { cursorsOf } from './cursors.ts'
import { faultFinder } from './faults.ts'
import { mergePatch } from './json.ts'
import { faultsProblem, teamHasClients, unknownTeam } from './problem.ts'
import { nothing, pageResponse, total } from './response-schemas.ts'
import {
  limit,
  named,
  pageOf,
  search,
  type TypeBoxProvider,
  state as withState,
  total as withTotal,
} from './schemas.ts'

const PATCHED = 'A merge patch (RFC 7396): settings that are not named stay, null removes one.'
const patch = Type.Object({}, { expected: 'an object with the settings to change; null removes one' })
/** For the documentation: the body is validated after the merge. */
const documented = Type.Object({
  limits: Type.Optional(nullable(scopeSettings.properties.limits)),
  budget: Type.Optional(nullable(scopeSettings.properties.budget)),
})
const findFaults = faultFinder(scopeSettings)

const cursors = cursorsOf('teams', 'name')
const page = Type.Object(
  { limit, cursor: cursors.schema, search, state: withState, total: withTotal },
  { additionalProperties: false },
)

export default async function teams(
  app: FastifyInstance,
  { state, states }: { state: States; states: ManyStates },
) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.get(
    '/teams',
    {
      schema: {
        summary: 'All teams, by name',
        querystring: page,
        response: { 200: pageResponse({ teams: Type.Array(listedTeam), total }) },
      },
    },
    async ({ query }) => {
      const { limit, cursor, search } = query
      const { shown, next } = pageOf(
        await listTeams(app.pg, { search, after: cursors.placeOf(cursor), limit: limit + 1 }),
        limit,
        one => cursors.format(one.name),
      )
      const more = { next, ...(query.total && { total: await countTeams(app.pg, search) }) }
      if (!query.state) return { teams: shown, ...more }
      const found = await states(shown.map(one => ({ key: scopeKey('team', one.id), ...one })))
      return { teams: shown.map((one, i) => ({ ...one, ...(found[i] ?? { state: null }) })), ...more }
    },
  )

  routes.get(
    '/teams/:name',
    {
      schema: {
        summary: 'One team: its settings and its current usage',
        params: named,
        response: { 200: teamWithState },
      },
    },
    async ({ params }) => {
      const found = await readTeam(app.pg, params.name)
      if (!found) throw await unknownTeam(app.pg, params.name)
      return { ...found, ...(await state({ key: scopeKey('team', found.id), ...found })) }
    },
  )

  routes.put(
    '/teams/:name',
    {
      schema: {
        summary: 'Set the limits and budget that all clients of a team share',
        description: 'Creates the team, or replaces all its settings.',
        params: named,
        body: scopeSettings,
        response: { 200: team },
      },
    },
    request => app.change(request, db => putTeam(db, request.params.name, request.body)),
  )

  routes.patch(
    '/teams/:name',
    {
      schema: {
        summary: 'Change settings of a team',
        description: PATCHED,
        params: named,
        body: patch,
        documented,
        response: { 200: team },
      },
    },
    async request => {
      const { params, body } = request
      const changed = await app.change(request, db =>
        reviseTeam(db, params.name, before => settingsOf(mergePatch(before, body))),
      )
      if (!changed) throw await unknownTeam(app.pg, params.name)
      return changed
    },
  )

  routes.delete(
    '/teams/:name',
    {
      schema: {
        summary: 'Delete a team without clients',
        description:
          'A team with clients is not deleted: 409. Its spend stays in the ledger, and its counters until their day and month are over; a later team of the same name starts at zero.',
        params: named,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const deleted = await app.change(request, async db => {
        const found = await deleteTeam(db, name)
        if (found && 'members' in found) throw teamHasClients(name, found.members)
        return found?.changed
      })
      if (!deleted) throw await unknownTeam(app.pg, name)
      return reply.code(204).send()
    },
  )

  routes.get(
    '/gateway',
    {
      schema: {
        summary: 'The limits and budget that all clients share, and their current usage',
        response: { 200: gatewayWithState },
      },
    },
    async () => {
      const found = await readGatewayRecord(app.pg)
      return { ...found, ...(await state({ key: 'gateway', ...found })) }
    },
  )

  routes.put(
    '/gateway',
    {
      schema: {
        summary: 'Set the limits and budget that all clients share',
        description: 'Replaces all settings.',
        body: scopeSettings,
        response: { 200: gateway },
      },
    },
    request => app.change(request, db => putGateway(db, request.body)),
  )

  routes.patch(
    '/gateway',
    {
      schema: {
        summary: 'Change settings of the gateway',
        description: PATCHED,
        body: patch,
        documented,
        response: { 200: gateway },
      },
    },
    request =>
      app.change(request, db => reviseGateway(db, before => settingsOf(mergePatch(before, request.body)))),
  )
}

function settingsOf(value: unknown): ScopeSettings {
  const faults = findFaults(value)
  if (faults.length > 0) throw faultsProblem(faults)
  return Value.Parse(scopeSettings, value)
}
