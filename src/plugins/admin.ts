/** The admin API, /admin. It needs a token; without ADMIN_TOKEN it is not registered. */

import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import audit from '../admin/audit.ts'
import { authenticate } from '../admin/authenticate.ts'
import budgets from '../admin/budgets.ts'
import clientList from '../admin/client-list.ts'
import clients from '../admin/clients.ts'
import docs from '../admin/docs.ts'
import keys from '../admin/keys.ts'
import { openApi } from '../admin/openapi.ts'
import { respondWithProblems } from '../admin/problems.ts'
import { checkWithTypeBox } from '../admin/schemas.ts'
import teams from '../admin/teams.ts'
import tokens from '../admin/tokens.ts'
import { createRankings } from '../clients/ranking.ts'
import { createManyStates, createStates } from '../clients/states.ts'

export interface AdminOptions {
  /** The value of ADMIN_TOKEN now. */
  token: () => string | undefined
  /** Routes of other concerns. */
  routes?: FastifyPluginAsync[]
}

export default async function admin(app: FastifyInstance, { token, routes: others = [] }: AdminOptions) {
  if (token() === undefined) return

  await app.register(
    async scope => {
      // Before any route, because it collects them.
      await scope.register(swagger, openApi())
      authenticate(scope, token)
      respondWithProblems(scope)
      checkWithTypeBox(scope)
      const state = createStates(app.money)
      const states = createManyStates(app.money)
      await scope.register(tokens)
      const rankings = createRankings(app.pg, app.money)
      await scope.register(clients, { state })
      await scope.register(clientList, { states, rankings })
      await scope.register(budgets, { rankings })
      await scope.register(keys)
      await scope.register(teams, { state, states })
      await scope.register(audit)
      await scope.register(docs)
      for (const more of others) await scope.register(more)
    },
    { prefix: '/admin' },
  )
}
