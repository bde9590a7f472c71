/** Lists clients, one page at a time: filtered by name or team, sorted by name, budget or spend. */

import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { type ClientRecord, countClients, listClients, readClientsById } from '../clients/client-records.ts'
import { pickRanked } from '../clients/ranked.ts'
import { clientSorts, type Rankings } from '../clients/ranking.ts'
import { listedClient } from '../clients/responses.ts'
import type { ManyStates } from '../clients/states.ts'
import { scopeKey } from '../lua/scope-kinds.ts'
import { cursorsOf, formatRanked, parseRanked } from './cursors.ts'
import { unknownCursor } from './problem.ts'
import { pageResponse, total } from './response-schemas.ts'
import {
  limit,
  pageOf,
  search,
  type TypeBoxProvider,
  teamFilter,
  state as withState,
  total as withTotal,
} from './schemas.ts'

const sorts = ['name', ...clientSorts] as const
const sort = Type.Enum(sorts, {
  default: 'name',
  description:
    'name; budget: the fullest budget first; day, month: the largest spend first. In an order by budget or spend, a client ' +
    'whose spend changes between two pages may be on both or on neither.',
  expected: `one of ${sorts.join(', ')}`,
})

const cursors = cursorsOf('clients', 'ranked')
const page = Type.Object(
  { limit, cursor: cursors.schema, search, team: teamFilter, sort, state: withState, total: withTotal },
  { additionalProperties: false },
)
type Query = Static<typeof page>

export default async function clientList(
  app: FastifyInstance,
  { states, rankings }: { states: ManyStates; rankings: Rankings },
) {
  app.withTypeProvider<TypeBoxProvider>().get(
    '/clients',
    {
      schema: {
        summary: 'All clients',
        querystring: page,
        response: { 200: pageResponse({ clients: Type.Array(listedClient), total }) },
      },
    },
    async ({ query }) => {
      const { shown, next } = await (query.sort === 'name' ? byName(query) : byMoney(query, query.sort))
      const more = { next, ...(query.total && { total: await countClients(app.pg, query) }) }
      if (!query.state) return { clients: shown, ...more }
      const found = await states(shown.map(one => ({ key: scopeKey('client', one.id), ...one })))
      return { clients: shown.map((one, i) => ({ ...one, ...(found[i] ?? { state: null }) })), ...more }
    },
  )

  async function byName({ search, team, cursor, limit }: Query) {
    const after = cursors.placeOf(cursor)
    if (cursor !== undefined && parseRanked(after)) throw unknownCursor(cursor)
    const found = await listClients(app.pg, { search, team, after, limit: limit + 1 })
    return pageOf(found, limit, one => cursors.format(one.name))
  }

  async function byMoney(
    { search, team, cursor, limit }: Query,
    sort: (typeof clientSorts)[number],
  ): Promise<{ shown: ClientRecord[]; next?: string }> {
    const after = parseRanked(cursors.placeOf(cursor))
    if (cursor !== undefined && after?.order !== sort) throw unknownCursor(cursor)
    const ranking = await rankings()
    const filter = { kinds: ['client'] as const, search, team, after, limit: limit + 1 }
    const { shown, next } = pageOf(await pickRanked(ranking, ranking.by[sort], filter), limit, one =>
      cursors.format(formatRanked({ order: sort, ...one })),
    )
    const clients = await readClientsById(
      app.pg,
      shown.map(({ scope }) => scope.id),
    )
    return { shown: clients, ...(next !== undefined && { next }) }
  }
}
