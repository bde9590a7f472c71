/** Separates clients at the provider. They share one account there, and must not share stored responses or prompt cache keys. */

import { createHmac } from 'node:crypto'
import fp from 'fastify-plugin'
import type { Client } from '../clients/clients.ts'
import type { Edits } from '../dialects/dialect.ts'
import { type Refusal, refusal } from '../errors.ts'

export default fp(
  async app => {
    app.onReservation(function separateClients({ client, call }) {
      const { recalls, stores, promptCacheKey } = call.parsed
      if (recalls === undefined && !stores && promptCacheKey === undefined) return undefined
      const missing = recalls === undefined ? [] : NEEDED.filter(setting => !client.allow.has(setting))
      if (recalls !== undefined && missing.length > 0) throw notAllowed(recalls, client, missing)
      const edits: Edits = {}
      if (stores && !client.allow.has('store')) edits.noStore = true
      if (promptCacheKey !== undefined)
        edits.promptCacheKey = digestOf(app.clients.secret, client, promptCacheKey)
      return { edits }
    })
  },
  {
    name: 'tenancy',
    dependencies: ['clients', 'reservations'],
    decorators: { fastify: ['clients', 'onReservation'] },
  },
)

/**
 * The digest is the same only for the same client and key. It has 43 characters; a provider accepts 64. It is keyed, so that
 * the original key cannot be guessed by trial.
 */
function digestOf(secret: Buffer, { id }: Client, key: string): string {
  return createHmac('sha256', secret).update(`prompt_cache_key\n${id}\n${key}`).digest('base64url')
}

/** A request that names an earlier response needs it stored, and the client needs permission to use stored responses. */
const NEEDED = ['stored', 'store'] as const

/** Names the missing settings; the provider would only answer that the response is unknown. */
function notAllowed(feature: string, { name }: Client, missing: string[]): Refusal {
  return refusal(
    'feature_not_allowed',
    `${feature} names an earlier response, and client ${name} is not allowed to store responses and use them; ` +
      `send the whole conversation as input, or ask an administrator to add allow: ${JSON.stringify(missing)} to the client.`,
    { details: { feature, allow: missing } },
  )
}
