/** The dashboard, /dashboard. Its files have no build step; their URLs contain a hash of their content. Without ADMIN_TOKEN it is not registered. */

import { basename, dirname } from 'node:path'
import fastifyHelmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { pageHeaders } from '../admin/page-headers.ts'
import { pageAt } from './dashboard/files.ts'

export interface DashboardOptions {
  /** Whether the admin API, which the page calls, is registered. */
  isOpen: boolean
}

const YEAR = 'public, max-age=31536000, immutable'

export default async function dashboard(app: FastifyInstance, { isOpen }: DashboardOptions) {
  if (!isOpen) return
  const page = await pageAt('/dashboard')
  // Only for `reply.sendFile`: the routes below decide which files may be sent.
  await app.register(fastifyStatic, {
    serve: false,
    setHeaders(reply, path) {
      // The library sends application/javascript, which RFC 9239 made obsolete.
      if (/\.m?js$/.test(path)) reply.type('text/javascript; charset=utf-8')
    },
  })
  await app.register(
    fastifyHelmet,
    pageHeaders({ 'script-src': [`'${page.importMapHash}'`], 'font-src': ["'self'"] }),
  )
  // Helmet has no permissions-policy.
  app.addHook('onRequest', function denyDevices(_request, reply, done) {
    reply.header('permissions-policy', 'camera=(), geolocation=(), microphone=()')
    done()
  })

  // The page shows the view that the rest of the path names.
  for (const path of ['/dashboard', '/dashboard/*'])
    app.get(path, (request, reply) => {
      reply.header('cache-control', 'no-cache').header('etag', page.etag)
      if (request.headers['if-none-match'] === page.etag) return reply.code(304).send()
      return reply.type('text/html; charset=utf-8').send(page.html)
    })

  app.get<{ Params: { version: string; '*': string } }>('/dashboard/assets/:version/*', (request, reply) => {
    const path = page.assets.get(request.params['*'])
    if (path === undefined) return reply.code(404).type('text/plain').send('There is no such file.')
    // A page of another version asks this replica while an update is rolled out. It gets the file, but must not cache it.
    reply.header('cache-control', request.params.version === page.version ? YEAR : 'no-store')
    return reply.sendFile(basename(path), dirname(path), { cacheControl: false })
  })
}
