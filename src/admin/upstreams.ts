/** GET /admin/upstreams lists upstreams, their health and their routes; POST /admin/upstreams/check asks each for its models. */

import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { writeAuditEvent } from '../clients/audit.ts'
import { checkUpstream } from '../upstreams/check.ts'
import type { RouteEntry } from '../upstreams/file/schema.ts'
import { healthOf, keysSetAside } from '../upstreams/health.ts'
import { circuitsOf, type Upstream, type UpstreamCircuit } from '../upstreams/upstream.ts'
import type { TypeBoxProvider } from './schemas.ts'
import { type circuit, upstreams, upstreamsChecked } from './upstream-schemas.ts'

export async function upstreamRoutes(admin: FastifyInstance): Promise<void> {
  const routes = admin.withTypeProvider<TypeBoxProvider>()

  routes.get(
    '/upstreams',
    {
      schema: {
        summary: 'Upstreams with their health and circuits, and the routes to them, as seen by this replica',
        description:
          'Each replica has its own circuits and figures. The response has those of the replica that answers.',
        response: { 200: upstreams },
      },
    },
    async () => {
      const { fault } = admin.upstreams
      return {
        upstreams: admin.upstreams.all().map(shown),
        routes: admin.upstreams.routes().map(route => shownRoute(route, admin.upstreams.all())),
        fault: fault === undefined ? null : admin.redactor.text(fault),
      }
    },
  )

  routes.post(
    '/upstreams/check',
    {
      schema: {
        summary: 'Ask each upstream for its model list, with each of its keys',
        description:
          'Sends one free GET request for each key, all at once, and waits at most 10 seconds. It needs the role admin, because the requests carry the keys.',
        response: { 200: upstreamsChecked },
      },
    },
    async ({ administrator: { name: who }, id: requestId }) => {
      const all = admin.upstreams.all()
      await writeAuditEvent(
        admin.pg,
        { who, requestId },
        {
          action: 'upstreams.check',
          target: 'gateway',
          before: null,
          after: { upstreams: all.map(({ name }) => name) },
        },
      )
      const options = {
        routes: admin.upstreams.routes(),
        redact: (text: string) => admin.redactor.text(text),
      }
      const checked = await Promise.all(all.map(upstream => checkUpstream(upstream, options)))
      return { ok: checked.every(({ works }) => works), upstreams: checked }
    },
  )
}

function shown(upstream: Upstream) {
  const { name, type, settings, origin, basePath, attempts, firstByteMs } = upstream
  return {
    name,
    type: settings.type,
    title: type.title,
    address: origin + basePath,
    models: settings.models ?? null,
    dialects: Object.keys(type.paths),
    keys: settings.secrets.length,
    keysSetAside: settings.secrets.length === 0 ? 0 : keysSetAside(upstream),
    running: attempts.running,
    concurrency: settings.limits?.concurrency ?? null,
    firstByteMs: firstByteMs === 0 ? null : Math.round(firstByteMs * 10) / 10,
    health: healthOf(upstream),
    circuits: circuitsOf(upstream).flatMap(state => {
      const found = circuitResponse(state)
      return found ? { model: state.model, ...found } : []
    }),
  }
}

function shownRoute(
  { models, order = [], targets, retries, sticky }: RouteEntry,
  upstreams: readonly Upstream[],
) {
  const all = targets
    ? targets.map(({ upstream, model = null, weight = 1 }) => ({ upstream, model, weight }))
    : order.map(upstream => ({ upstream, model: null, weight: null }))
  const keysOf = (name: string) => upstreams.find(one => one.name === name)?.keys.length ?? 1
  return {
    models,
    isBalanced: targets !== undefined && targets.length > 1,
    targets: all,
    // Each target is tried once with each of its keys.
    retries: retries ?? all.reduce((sum, { upstream }) => sum + keysOf(upstream), 0) - 1,
    sticky: sticky ?? null,
  }
}

export function circuitResponse({
  state,
  openings,
  trouble,
  key,
}: UpstreamCircuit): Static<typeof circuit> | undefined {
  if (state === 'closed' || !trouble) return undefined
  const { since, refused, retryMs } = trouble
  return {
    state,
    since,
    retryAfterMs: Math.ceil(retryMs),
    reason: refused.reason ?? "it refuses the gateway's key or account",
    openings,
    ...(key !== undefined && { key }),
  }
}

/** What this replica does with the next call. The words follow "the replica". */
export function retryWords({ state, retryAfterMs }: Static<typeof circuit>): string {
  if (state === 'open') return `lets the next call through in ${Math.ceil(retryAfterMs / 1000)} s`
  return retryAfterMs > 0 ? 'waits for the call that it has let through' : 'lets the next call through'
}
