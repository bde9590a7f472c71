/** The administration, /admin: for whoever has the token. Without a token there is no such place. */

import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { createManyStates, createStates } from '../stores/states.ts'
import clients from './admin/clients.ts'
import keys from './admin/keys.ts'
import { problem } from './admin/problem.ts'
import { answerWithProblems } from './admin/problems.ts'
import { checkWithTypeBox } from './admin/schemas.ts'
import teams from './admin/teams.ts'

export interface AdminOptions {
  token: string | undefined
  /** What other concerns show and take here. */
  routes?: FastifyPluginAsync[]
}

export default async function admin(app: FastifyInstance, { token, routes = [] }: AdminOptions) {
  if (token === undefined) return
  const expected = digest(token)

  await app.register(
    async scope => {
      scope.addHook('onRequest', function authenticateAdministrator({ headers }, reply, done) {
        reply.header('cache-control', 'no-store')
        const presented = /^bearer\s+(.+)$/i.exec(headers.authorization ?? '')?.[1]
        if (presented !== undefined && timingSafeEqual(digest(presented), expected)) return done()
        reply.header('www-authenticate', 'Bearer realm="admin"')
        const found =
          presented === undefined ? 'No administrator token came' : 'A wrong administrator token came'
        done(
          problem(
            401,
            `${found} with this request; send Authorization: Bearer and the value of ADMIN_TOKEN.`,
          ),
        )
      })
      answerWithProblems(scope)
      checkWithTypeBox(scope)
      const state = createStates(app.money)
      const states = createManyStates(app.money)
      await scope.register(clients, { state, states })
      await scope.register(keys)
      await scope.register(teams, { state, states })
      for (const more of routes) await scope.register(more)
    },
    { prefix: '/admin' },
  )
}

/** Of equal length whatever was sent, so that the comparison tells nothing. */
function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}
