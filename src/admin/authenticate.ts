/** Authenticates administrators by their token. A viewer may read everything and change nothing. */

import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { problem, tooManyAttempts } from './problem.ts'
import type { Administrator } from './response-schemas.ts'
import { createThrottle } from './throttle.ts'
import { createTokens } from './token-cache.ts'
import { digestToken, FIRST, isGenuineToken, looksMade } from './token-format.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The owner of the request's token. */
    administrator: Administrator
  }
  interface FastifyContextConfig {
    /** The route needs no token. */
    isPublic?: boolean
  }
}

/** The methods that a viewer may use. */
const READ_METHODS = new Set(['GET', 'HEAD'])

/** `first` returns the present value of ADMIN_TOKEN. */
export function authenticate(admin: FastifyInstance, first: () => string | undefined): void {
  const tokens = createTokens(admin.pg, () => admin.clients.version, admin.clock.now)
  const throttle = createThrottle()
  admin.decorateRequest('administrator')

  admin.addHook('onRequest', async function authenticateAdministrator(request, reply) {
    reply.header('cache-control', 'no-store')
    if (request.routeOptions.config.isPublic) return
    request.administrator = await whose(request).catch(error => {
      if (error.statusCode === 401) reply.header('www-authenticate', 'Bearer realm="admin"')
      throw error
    })
    if (request.administrator.role === 'viewer' && !READ_METHODS.has(request.method))
      throw onlyViewer(request)
  })

  async function whose({ headers, ip }: FastifyRequest): Promise<Administrator> {
    const presented = /^bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1]
    if (presented === undefined) throw unauthorized('No administrator token came')
    // A token of this installation cannot be guessed, so wrong tokens from the same address do not lock it out.
    if (looksMade(presented) && isGenuineToken(presented, admin.clients.secret)) {
      const found = (await tokens.find(presented)) ?? (await justMade(presented))
      if (found) return found
      throw unauthorized('A revoked or expired administrator token came')
    }
    const wait = throttle.wait(ip)
    if (wait > 0) throw tooManyAttempts(wait)
    const expected = first()
    if (expected !== undefined && timingSafeEqual(digestToken(presented), digestToken(expected)))
      return { name: FIRST, role: 'admin' }
    throttle.failed(ip)
    throw unauthorized('A wrong administrator token came')
  }

  /** The token was created on another replica, and this one has not loaded it yet. */
  async function justMade(presented: string): Promise<Administrator | undefined> {
    await admin.clients.poll()
    return tokens.find(presented)
  }
}

function unauthorized(found: string) {
  return problem(
    401,
    `${found} with this request; send Authorization: Bearer and the value of ADMIN_TOKEN, or a token made with POST /admin/tokens.`,
  )
}

function onlyViewer({ method, administrator: { name } }: FastifyRequest) {
  return problem(
    403,
    `Token "${name}" has the role viewer, which may only GET; ${method} takes one with the role admin.`,
  )
}
