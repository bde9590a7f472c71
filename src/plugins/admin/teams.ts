/** Teams and the whole gateway: what all their clients together may do. A team that a client names is there already. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { levelSettings } from '../../settings.ts'
import type { ManyStates, States } from '../../stores/states.ts'
import {
  countTeams,
  listTeams,
  putGateway,
  putTeam,
  readGatewayRecord,
  readTeam,
} from '../../stores/team-records.ts'
import { gateway, gatewayWithState, listedTeam, pageAnswer, team, teamWithState, total } from './answers.ts'
import { cursorsOf } from './cursors.ts'
import { unknownTeam } from './problem.ts'
import {
  limit,
  named,
  pageOf,
  search,
  type TypeBoxProvider,
  state as withState,
  total as withTotal,
} from './schemas.ts'

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
        response: { 200: pageAnswer({ teams: Type.Array(listedTeam), total }) },
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
      const found = await states(shown.map(one => ({ key: `team:${one.id}`, ...one })))
      return { teams: shown.map((one, i) => ({ ...one, ...(found[i] ?? { state: null }) })), ...more }
    },
  )

  routes.get(
    '/teams/:name',
    {
      schema: {
        summary: 'One team: its settings, and where it stands now',
        params: named,
        response: { 200: teamWithState },
      },
    },
    async ({ params }) => {
      const found = await readTeam(app.pg, params.name)
      if (!found) throw unknownTeam(params.name)
      return { ...found, ...(await state({ key: `team:${found.id}`, ...found })) }
    },
  )

  routes.put(
    '/teams/:name',
    {
      schema: {
        summary: 'Set what all clients of a team together may do',
        description: 'Makes the team, or replaces all its settings.',
        params: named,
        body: levelSettings,
        response: { 200: team },
      },
    },
    request => app.change(request, db => putTeam(db, request.params.name, request.body)),
  )

  routes.get(
    '/gateway',
    {
      schema: {
        summary: 'What all clients together may do, and where they stand now',
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
        summary: 'Set what all clients together may do',
        description: 'Replaces all settings.',
        body: levelSettings,
        response: { 200: gateway },
      },
    },
    request => app.change(request, db => putGateway(db, request.body)),
  )
}
