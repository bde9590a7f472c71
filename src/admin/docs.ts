/** The OpenAPI document and its page. Both are as public as the source, so they need no token. */

import type { FastifyInstance, RouteOptions } from 'fastify'
import { Type } from 'typebox'
import { CONTENT_SECURITY_POLICY, docsPage } from './docs-page.ts'
import { type OpenApi, openApi } from './openapi.ts'

/** Remembers every route that is registered from here on. */
export function collectRoutes(app: FastifyInstance): RouteOptions[] {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', route => {
    if (route.method !== 'HEAD') routes.push(route)
  })
  return routes
}

export default async function docs(app: FastifyInstance, { routes }: { routes: RouteOptions[] }) {
  let document: OpenApi | undefined
  const written = () => {
    document ??= openApi(routes)
    return document
  }
  const answer = (schema: object) => ({ 200: schema })

  app.get(
    '/openapi.json',
    {
      config: { isPublic: true },
      schema: { summary: 'This document', response: answer(Type.Object({}, { description: 'OpenAPI 3.1' })) },
    },
    async () => written(),
  )

  app.get(
    '/docs',
    {
      config: { isPublic: true },
      schema: {
        summary: 'This document as a page',
        response: answer(Type.String({ contentMediaType: 'text/html', description: 'For people' })),
      },
    },
    async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .headers({
          'content-security-policy': CONTENT_SECURITY_POLICY,
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
        })
        .send(docsPage(written())),
  )
}
