/** Teams and the whole gateway: what all their clients together may do. A team that a client names is there already. */

import type { FastifyInstance } from 'fastify'
import { levelSettings } from '../../settings.ts'
import type { ManyStates, States } from '../../stores/states.ts'
import { listTeams, putGateway, putTeam, readGatewayRecord, readTeam } from '../../stores/team-records.ts'
import { unknownTeam } from './problem.ts'
import { named, pageOf, pageWithState, type TypeBoxProvider } from './schemas.ts'

export default async function teams(
  app: FastifyInstance,
  { state, states }: { state: States; states: ManyStates },
) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.get('/teams', { schema: { querystring: pageWithState } }, async ({ query }) => {
    const { limit, cursor } = query
    const { shown, next } = pageOf(
      await listTeams(app.pg, { after: cursor, limit: limit + 1 }),
      limit,
      team => team.name,
    )
    if (!query.state) return { teams: shown, next }
    const found = await states(shown.map(team => ({ key: `team:${team.id}`, ...team })))
    return { teams: shown.map((team, i) => ({ ...team, state: found[i] })), next }
  })

  routes.get('/teams/:name', { schema: { params: named } }, async ({ params }) => {
    const team = await readTeam(app.pg, params.name)
    if (!team) throw unknownTeam(params.name)
    return { ...team, state: await state({ key: `team:${team.id}`, ...team }) }
  })

  routes.put('/teams/:name', { schema: { params: named, body: levelSettings } }, ({ params, body }) =>
    app.change(db => putTeam(db, params.name, body)),
  )

  routes.get('/gateway', async () => {
    const gateway = await readGatewayRecord(app.pg)
    return { ...gateway, state: await state({ key: 'gateway', ...gateway }) }
  })

  routes.put('/gateway', { schema: { body: levelSettings } }, ({ body }) =>
    app.change(db => putGateway(db, body)),
  )
}
