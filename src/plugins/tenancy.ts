/** All callers share the provider's one account: what a provider stores or caches by name must not join two of them. */

import fp from 'fastify-plugin'

export default fp(
  async app => {
    app.onDecision(function keepApart({ client, call, edits }) {
      if (call.ask.stores && !client.allow.has('store')) edits.noStore = true
      if (call.ask.promptCacheKey !== undefined)
        edits.promptCacheKey = `${client.id}:${call.ask.promptCacheKey}`
    })
  },
  { name: 'tenancy', dependencies: ['claims'] },
)
