/** All callers share the provider's one account: what a provider stores or caches by name must not join two of them. */

import fp from 'fastify-plugin'

export default fp(
  async app => {
    app.addHook('preHandler', function keepApart(request, _reply, done) {
      if (!request.claims) return done()
      const { client, call, edits } = request
      if (call.ask.stores && !client.allow.has('store')) edits.noStore = true
      if (call.ask.promptCacheKey !== undefined)
        edits.promptCacheKey = `${client.id}:${call.ask.promptCacheKey}`
      done()
    })
  },
  { name: 'tenancy', dependencies: ['claims'] },
)
