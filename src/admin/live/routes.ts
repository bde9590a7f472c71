/** GET /admin/calls/live: calls of all replicas as they end, refused ones too, as server-sent events. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { callsQuery } from '../ledger-query.ts'
import { problem } from '../problem.ts'
import type { TypeBoxProvider } from '../schemas.ts'

const { client, model, outcome } = callsQuery.properties
const query = Type.Object({ client, model, outcome }, { additionalProperties: false })

/** Each event is some calls as JSON; comments keep the connection alive. */
const events = Type.Unsafe<void>({
  type: 'string',
  contentMediaType: 'text/event-stream',
  description: 'Server-sent events',
})

const VIEWERS = 100

export async function liveRoutes(admin: FastifyInstance): Promise<void> {
  admin.withTypeProvider<TypeBoxProvider>().get(
    '/calls/live',
    {
      schema: {
        summary: 'Calls of all replicas as they end',
        querystring: query,
        response: { 200: events },
      },
    },
    async (request, reply) => {
      if (admin.draining) throw problem(503, 'This replica is about to end; ask again, another one answers.')
      if (admin.viewers.size >= VIEWERS)
        throw problem(503, `${VIEWERS} viewers watch on this replica already; try again later.`)
      reply.hijack()
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // Nginx would buffer the events.
        'x-accel-buffering': 'no',
      })
      if (request.method === 'HEAD') reply.raw.end()
      else admin.viewers.add(reply.raw, request.query)
    },
  )
}
