/** The upstreams that may serve a call, for GET /admin/explain, with their circuits as this replica has seen them. */

import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { dialects } from '../dialects/index.ts'
import { circuitsOf, isOpenFor } from '../upstreams/upstream.ts'
import type { circuit } from './upstream-schemas.ts'
import { circuitResponse, retryWords } from './upstreams.ts'

export interface ExplainedUpstream {
  format: string
  upstream: string | null
  /** The gateway's name of the model there, if it is another. */
  model?: string
  circuit?: Static<typeof circuit>
}

interface Obstacle {
  code: string
  detail: string
}

interface Explained {
  upstreams: ExplainedUpstream[]
  /** Why no upstream would be called now. Empty: at least one would be. */
  obstacles: Obstacle[]
}

export function explainUpstreams({ upstreams }: FastifyInstance, asked: string): Explained {
  const formats = [...Map.groupBy(dialects, ({ format }) => format)]
  const explained = formats.map(([{ name: format }, spoken]): Explained => {
    const found = new Map<string, { shown: ExplainedUpstream; obstacle: Obstacle | undefined }>()
    for (const dialect of spoken)
      for (const candidate of upstreams.plan(asked, dialect)?.candidates ?? [])
        found.set(`${candidate.upstream.name} ${candidate.model}`, explainTarget(candidate, format, asked))
    const all = [...found.values()]
    if (all.length === 0) return { upstreams: [{ format, upstream: null }], obstacles: [] }
    const obstacles = all.flatMap(({ obstacle }) => obstacle ?? [])
    return {
      upstreams: all.map(({ shown }) => shown),
      obstacles: obstacles.length === all.length ? obstacles : [],
    }
  })
  const obstacles = explained.flatMap(one => one.obstacles)
  return {
    upstreams: explained.flatMap(one => one.upstreams),
    // Two formats may have the same upstream.
    obstacles: [...new Map(obstacles.map(one => [one.detail, one])).values()],
  }
}

type Candidate = NonNullable<ReturnType<FastifyInstance['upstreams']['plan']>>['candidates'][number]

function explainTarget({ upstream, model, table }: Candidate, format: string, asked: string) {
  const id = table.namesOf(model)[0] ?? model
  const state = circuitsOf(upstream).find(one => one.model === id && one.state !== 'closed')
  const open = state && circuitResponse(state)
  const shown: ExplainedUpstream = {
    format,
    upstream: upstream.name,
    ...(model !== asked && { model }),
    ...(open && { circuit: open }),
  }
  if (!open || !state?.trouble || isOpenFor(upstream, id)) return { shown, obstacle: undefined }
  const { code } = state.trouble.refused
  const what =
    code === 'upstream_refused_us' ? "does not accept the gateway's key or account" : 'is not called now'
  const detail = `${upstream.name} ${what}: ${open.reason}. This replica ${retryWords(open)}.`
  return { shown, obstacle: { code, detail } }
}
