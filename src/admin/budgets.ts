/** Budgets of the gateway, of teams and of clients in one list, the fullest first. */

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { pickRanked } from '../clients/ranked.ts'
import { periods, type Rankings, shareOf } from '../clients/ranking.ts'
import { rankedBudget } from '../clients/responses.ts'
import { moneyOf } from '../clients/states.ts'
import { scopeKindNames } from '../lua/scope-kinds.ts'
import { cursorsOf, formatRanked, parseRanked } from './cursors.ts'
import { pageResponse } from './response-schemas.ts'
import { limit, pageOf, search, type TypeBoxProvider, teamFilter } from './schemas.ts'

const cursors = cursorsOf('budgets', 'ranked')
const page = Type.Object(
  {
    limit,
    cursor: cursors.schema,
    search,
    team: teamFilter,
    kind: Type.Optional(
      Type.Enum([...scopeKindNames], {
        description: 'Only budgets of these kinds',
        expected: `one of ${scopeKindNames.join(', ')}`,
      }),
    ),
  },
  { additionalProperties: false },
)

export default async function budgets(app: FastifyInstance, { rankings }: { rankings: Rankings }) {
  app.withTypeProvider<TypeBoxProvider>().get(
    '/budgets',
    {
      schema: {
        summary: 'All budgets, the fullest first',
        description:
          'Amounts that running calls hold count as used. The order is a few seconds old at most; with 100,000 clients, some ' +
          'tens of seconds. A budget whose use changes between two pages may be on both or on neither. 503 while Redis is away.',
        querystring: page,
        response: { 200: pageResponse({ budgets: Type.Array(rankedBudget) }) },
      },
    },
    async ({ query: { limit, cursor, search, team, kind } }) => {
      const ranking = await rankings()
      const found = await pickRanked(ranking, ranking.budgets, {
        kinds: kind ? [kind] : scopeKindNames,
        search,
        team,
        after: parseRanked(cursors.placeOf(cursor)),
        limit: limit + 1,
        perScope: 2,
        bound: true,
      })
      const { shown, next } = pageOf(found, limit, one =>
        cursors.format(formatRanked({ order: 'budgets', ...one })),
      )
      const listed = shown.map(({ scope, place }) => {
        const period = periods[place % 2]!
        const { kind, name, team } = scope
        return {
          kind,
          name,
          ...(kind === 'client' && team !== null && { team }),
          period,
          share: shareOf(scope[period]) ?? 0,
          ...moneyOf(scope[period], ranking.endsAt[period]),
        }
      })
      return { budgets: listed, next }
    },
  )
}
