/** Finds the client by the headers alone, so that the body of an unauthenticated request is never read. A key in use costs one hash and no I/O. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Client, Key, Known } from '../clients/clients.ts'
import { isGenuine, isKey, keyId } from '../clients/keys.ts'
import { refusal } from '../errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Authenticates the request again, after the configuration has changed. Rejects with a refusal. */
    authenticate(request: FastifyRequest): Promise<void>
  }
  interface FastifyRequest {
    client: Client
    key: Key
    /** Version of the configuration that both were read from. The admission reports a newer one. */
    configVersion: number
  }
}

export default fp(
  async app => {
    app.decorateRequest('client')
    app.decorateRequest('key')
    app.decorateRequest('configVersion', 0)
    app.decorate('authenticate', async (request: FastifyRequest) => {
      const presented = presentedKey(request.raw.rawHeaders)
      // Read before the look-up: if the configuration changes meanwhile, the admission refuses this version as stale.
      request.configVersion = app.clients.version
      admit(request, presented, find(presented) ?? (await load(presented)), app.clock.now())
    })

    app.addHook('onRequest', function authenticateCaller(request, _reply, done) {
      const presented = presentedKey(request.raw.rawHeaders)
      const known = find(presented)
      if (!known) return void app.authenticate(request).then(() => done(), done)
      request.configVersion = app.clients.version
      admit(request, presented, known, app.clock.now())
      done()
    })

    function find(presented: string): Known | undefined {
      const id = keyId(presented)
      return id === undefined ? undefined : app.clients.find(id)
    }

    /** Reads the key from Postgres, if its checksum shows that this installation made it. */
    async function load(presented: string): Promise<Known | undefined> {
      const id = keyId(presented)
      if (id === undefined || !isGenuine(presented, app.clients.secret))
        throw invalid('the checksum is wrong')
      return app.clients.load(id)
    }
  },
  { name: 'auth', dependencies: ['clients', 'clock'], decorators: { fastify: ['clients', 'clock'] } },
)

/** The log names the client of a refused key too, because the request had the whole key. */
function admit(request: FastifyRequest, presented: string, known: Known | undefined, now: number) {
  if (!known || !isKey(presented, known.key.sha256)) throw invalid('the key is unknown')
  const { key, client } = known
  request.key = key
  request.client = client
  if (key.revokedAt !== undefined) throw invalid('the key is revoked')
  if (key.expiresAt !== undefined && key.expiresAt <= now) throw invalid('the key is expired')
  if (client.closed) throw invalid(`the client is ${client.closed}`)
}

/** One message for all reasons, so that a caller learns nothing about other callers' keys. */
function invalid(reason: string) {
  return refusal(
    'invalid_key',
    'This key is not valid here: it is unknown, revoked, expired or disabled. Ask the operator of this gateway for another.',
    { reason },
  )
}

/** Header names with a key, and how it is read from their value. */
const plain = (value: string) => value.trim()
const readers = new Map([
  ['x-gateway-key', plain],
  ['x-api-key', plain],
  ['authorization', (value: string) => /^bearer\s+(.*)$/i.exec(value)?.[1]?.trim() ?? ''],
])
const lengths = new Set([...readers.keys()].map(name => name.length))

/** Reads the raw headers, because Node shows only the first of a header that was sent twice. */
function presentedKey(rawHeaders: string[]): string {
  let presented = ''
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const read = lengths.has(name.length) ? readers.get(name.toLowerCase()) : undefined
    const key = read?.(rawHeaders[i + 1]!) ?? ''
    if (key === '' || key === presented) continue
    if (presented !== '') {
      throw refusal('conflicting_keys', 'Two different keys came with this request; send one of them.')
    }
    presented = key
  }
  if (presented !== '') return presented
  throw refusal(
    'missing_key',
    'No key came with this request; send it as x-api-key, x-gateway-key or Authorization: Bearer.',
    {
      headers: { 'www-authenticate': 'Bearer' },
    },
  )
}
