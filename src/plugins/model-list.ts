/** GET /v1/models: the models that this client may use, in the format of the caller's API. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { dialectOf, dialects } from '../dialects/index.ts'
import { refusal } from '../errors.ts'
import { didYouMean } from '../pricing/nearest.ts'
import { MODELS_PATH } from '../requests/caller-paths.ts'

export default fp(
  async app => {
    app.get(MODELS_PATH, async request => dialectOf(undefined, request).format.modelList(usable(request)))

    app.get<{ Params: { id: string } }>(`${MODELS_PATH}/:id`, async request => {
      const { id } = request.params
      const models = usable(request)
      const model = models.find(one => one.id === id)
      if (!model) {
        const names = models.map(one => one.id)
        throw refusal(
          'model_not_found',
          `model: ${id} is not known here, or not for this client.${didYouMean(id, names)}`,
        )
      }
      return dialectOf(undefined, request).format.modelEntry(model)
    })

    function usable(request: FastifyRequest) {
      const { format } = dialectOf(undefined, request)
      const spoken = dialects.filter(dialect => dialect.format === format)
      const { table } = app.prices
      const { models } = request.client
      const now = new Date(app.clock.now())
      return app.upstreams
        .names()
        .filter(id => models.allows(table.namesOf(id)))
        .flatMap(id => {
          const plans = spoken.flatMap(dialect => app.upstreams.plan(id, dialect) ?? [])
          const [first] = plans.flatMap(({ candidates }) => candidates)
          const price = first?.isGuess ? undefined : first?.table.find(first.model, now)
          return price ? [{ ...price, id }] : []
        })
    }
  },
  {
    name: 'model-list',
    dependencies: ['auth', 'clock', 'prices', 'upstreams'],
    decorators: { fastify: ['clock', 'prices', 'upstreams'], request: ['client'] },
  },
)
