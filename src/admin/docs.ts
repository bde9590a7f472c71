/** The OpenAPI document and a reference page of it. Both are as public as the source code, so they need no token. */

import fastifyHelmet from '@fastify/helmet'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { pageHeaders } from './page-headers.ts'

export default async function docs(app: FastifyInstance) {
  app.get(
    '/openapi.json',
    {
      config: { isPublic: true },
      schema: {
        summary: 'This document',
        response: { 200: Type.Object({}, { description: 'OpenAPI 3.1' }) },
      },
    },
    async () => app.swagger(),
  )
  await app.register(page)
}

async function page(app: FastifyInstance) {
  app.addHook('onRoute', route => {
    route.config = { ...route.config, isPublic: true }
    if (route.url === '/admin/docs') route.schema = { ...route.schema, ...pageSchema }
  })
  app.addHook('onSend', function forbidCaching(_request, reply, payload, done) {
    reply.header('cache-control', 'no-store')
    done(null, payload)
  })
  await app.register(fastifyHelmet, pageHeaders({ 'img-src': ['data:'] }))
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    indexPrefix: '/admin',
    theme: { title: 'Tollgate administration' },
    // Without the bar that loads other documents.
    uiConfig: { layout: 'BaseLayout' },
  })
}

const pageSchema = {
  hide: false,
  summary: 'This document as a page',
  response: { 200: Type.String({ contentMediaType: 'text/html', description: 'An HTML page' }) },
}
