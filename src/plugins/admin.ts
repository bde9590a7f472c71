/** The administration, /admin: for whoever has a token. Without ADMIN_TOKEN there is no such place. */

import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { createManyStates, createStates } from '../stores/states.ts'
import { authenticate } from './admin/authenticate.ts'
import clients from './admin/clients.ts'
import keys from './admin/keys.ts'
import { answerWithProblems } from './admin/problems.ts'
import { checkWithTypeBox } from './admin/schemas.ts'
import teams from './admin/teams.ts'
import tokens from './admin/tokens.ts'

export interface AdminOptions {
  token: string | undefined
  /** What other concerns show and take here. */
  routes?: FastifyPluginAsync[]
}

export default async function admin(app: FastifyInstance, { token, routes = [] }: AdminOptions) {
  if (token === undefined) return

  await app.register(
    async scope => {
      authenticate(scope, () => token)
      answerWithProblems(scope)
      checkWithTypeBox(scope)
      const state = createStates(app.money)
      const states = createManyStates(app.money)
      await scope.register(tokens)
      await scope.register(clients, { state, states })
      await scope.register(keys)
      await scope.register(teams, { state, states })
      for (const more of routes) await scope.register(more)
    },
    { prefix: '/admin' },
  )
}
