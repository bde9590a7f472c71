/** GET /admin/upstreams lists upstreams, and the models for which each refuses the gateway, as this replica has seen it. */

import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import type { CircuitState } from '../upstreams/circuits.ts'
import { circuitsOf } from '../upstreams/upstream.ts'
import { type circuit, upstreams } from './response-schemas.ts'
import type { TypeBoxProvider } from './schemas.ts'

export async function circuitRoutes(admin: FastifyInstance): Promise<void> {
  admin.withTypeProvider<TypeBoxProvider>().get(
    '/upstreams',
    {
      schema: {
        summary: 'Upstreams, and the models for which each refuses the gateway, as seen by this replica',
        response: { 200: upstreams },
      },
    },
    async () => ({
      upstreams: admin.upstreams.all().map(upstream => ({
        name: upstream.name,
        circuits: circuitsOf(upstream).flatMap(state => {
          const shown = circuitResponse(state)
          return shown ? { model: state.model, ...shown } : []
        }),
      })),
    }),
  )
}

export function circuitResponse({
  state,
  openings,
  trouble,
}: CircuitState): Static<typeof circuit> | undefined {
  if (state === 'closed' || !trouble) return undefined
  const { since, refused, retryMs } = trouble
  return {
    state,
    since,
    retryAfterMs: Math.ceil(retryMs),
    reason: refused.reason ?? 'it refuses our key or account',
    openings,
  }
}

/** The end of a sentence about this replica. */
export function retryWords({ state, retryAfterMs }: Static<typeof circuit>): string {
  if (state === 'open') return `lets the next call through in ${Math.ceil(retryAfterMs / 1000)} s`
  return retryAfterMs > 0 ? 'waits for the call that it has let through' : 'lets the next call through'
}
