/** Teams and the whole gateway: what all their clients together may do. A team that a client names is there already. */

import type { FastifyInstance } from 'fastify'
import { levelSettings } from '../../settings.ts'
import type { States } from '../../stores/states.ts'
import { listTeams, putGateway, putTeam, readGatewayRecord, readTeam } from '../../stores/team-records.ts'
import { unknownTeam } from './problem.ts'
import { named, page, pageOf, type TypeBoxProvider } from './schemas.ts'

export default async function teams(app: FastifyInstance, { state }: { state: States }) {
  const routes = app.withTypeProvider<TypeBoxProvider>()

  routes.get('/teams', { schema: { querystring: page } }, async ({ query: { limit, cursor } }) => {
    const { shown, next } = pageOf(
      await listTeams(app.pg, { after: cursor, limit: limit + 1 }),
      limit,
      team => team.name,
    )
    return { teams: shown, next }
  })

  routes.get('/teams/:name', { schema: { params: named } }, async ({ params }) => {
    const team = await readTeam(app.pg, params.name)
    if (!team) throw unknownTeam(params.name)
    return { ...team, state: await state({ key: `team:${team.id}`, ...team }) }
  })

  routes.put('/teams/:name', { schema: { params: named, body: levelSettings } }, request =>
    app.change(request, db => putTeam(db, request.params.name, request.body)),
  )

  routes.get('/gateway', async () => {
    const gateway = await readGatewayRecord(app.pg)
    return { ...gateway, state: await state({ key: 'gateway', ...gateway }) }
  })

  routes.put('/gateway', { schema: { body: levelSettings } }, request =>
    app.change(request, db => putGateway(db, request.body)),
  )
}
