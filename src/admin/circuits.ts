/** GET /admin/upstreams lists upstreams, and the models for which each refuses the gateway, as this replica has seen it. */

import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { CircuitState } from '../upstreams/circuits.ts'
import { moment } from './response-schemas.ts'
import type { TypeBoxProvider } from './schemas.ts'

/** A circuit that is not closed. */
export const circuit = Type.Object(
  {
    state: Type.Enum(['open', 'half_open'], {
      description: 'open: calls fail fast; half_open: one call at a time probes',
    }),
    since: moment('When the upstream first refused the gateway'),
    retryAfterMs: Type.Integer({ description: 'Milliseconds until a call may probe; 0: the next one does' }),
    reason: Type.String({ description: 'What the upstream answered' }),
    openings: Type.Integer({ description: 'Since the start of this replica, each refused probe included' }),
  },
  {
    title: 'Circuit',
    description: 'The upstream refuses our key or account for this model, as this replica has seen it',
  },
)

const upstreams = Type.Object(
  {
    upstreams: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          circuits: Type.Array(
            Type.Object({ model: Type.String(), ...circuit.properties }, { title: 'CircuitOfModel' }),
            {
              description: 'Models that are refused now; empty: none',
            },
          ),
        },
        { title: 'Upstream' },
      ),
    ),
  },
  { title: 'Upstreams' },
)

export async function circuitRoutes(admin: FastifyInstance): Promise<void> {
  admin.withTypeProvider<TypeBoxProvider>().get(
    '/upstreams',
    {
      schema: {
        summary: 'Upstreams, and the models for which each refuses the gateway, as this replica has seen it',
        response: { 200: upstreams },
      },
    },
    async () => ({
      upstreams: admin.upstreams.all().map(({ name, circuits }) => ({
        name,
        circuits: circuits.states().flatMap(state => {
          const shown = circuitAnswer(state)
          return shown ? { model: state.model, ...shown } : []
        }),
      })),
    }),
  )
}

export function circuitAnswer({
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
