/** The dashboard, /dashboard: files without a build, read once, with the hash of their content in their address. Without ADMIN_TOKEN there is no page. */

import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Asset, pageAt } from './dashboard/files.ts'

export interface DashboardOptions {
  /** Is there an administration to talk to? */
  isOpen: boolean
}

const YEAR = 'public, max-age=31536000, immutable'

export default async function dashboard(app: FastifyInstance, { isOpen }: DashboardOptions) {
  if (!isOpen) return
  const page = await pageAt('/dashboard')
  const policy = [
    "default-src 'none'",
    `script-src 'self' '${page.importMapHash}'`,
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

  app.addHook('onRequest', function protectPage(_request, reply, done) {
    reply.headers({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    })
    done()
  })

  // The page reads its own route from the rest of the path.
  for (const path of ['/dashboard', '/dashboard/*'])
    app.get(path, (request, reply) => {
      reply.header('cache-control', 'no-cache').header('etag', page.etag)
      if (request.headers['if-none-match'] === page.etag) return reply.code(304).send()
      return send(reply, page.html)
    })

  app.get<{ Params: { version: string; '*': string } }>('/dashboard/assets/:version/*', (request, reply) => {
    const asset = page.assets.get(request.params['*'])
    if (!asset) return reply.code(404).type('text/plain').send('There is no such file.')
    // While replicas of two versions run side by side, a page of one may ask the other: better served than broken.
    reply.header('cache-control', request.params.version === page.version ? YEAR : 'no-store')
    return send(reply, asset)
  })
}

function send(reply: FastifyReply, { type, body }: Asset): FastifyReply {
  return reply.type(type).send(body)
}
