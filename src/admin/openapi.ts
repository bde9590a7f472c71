/** What @fastify/swagger needs to make the OpenAPI 3.1 document of the admin API from its routes. It does so on the first request. */

import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifySchema, RouteOptions } from 'fastify'
import manifest from '../../package.json' with { type: 'json' }
import { problem } from './response-schemas.ts'

/** A JSON schema, or a reference to one. */
type Part = { [keyword: string]: unknown }

/** `PATCH` takes a merge patch. */
const BODIES: Record<string, string[]> = { patch: ['application/merge-patch+json', 'application/json'] }

export function openApi(): FastifyDynamicSwaggerOptions {
  /** The schemas with a title. They are components of the document. */
  const schemas: Record<string, Part> = {}
  const partOf = (schema: unknown) => partIn(schemas, schema)
  /** The ids of operations with an optional body. The library declares every body as required. */
  const optionalBodies = new Set<string>()

  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tollgate administration',
        version: manifest.version,
        description:
          'Clients, keys, teams, budgets, and what was spent. Money is in US dollars, time in RFC 3339. Errors are problem details (RFC 9457).',
      },
      security: [{ token: [] }],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'ADMIN_TOKEN, or a token created with POST /admin/tokens',
          },
        },
      },
    },
    convertConstToEnum: false,
    transform({ schema, url, route }) {
      // Fastify registers the root of a prefix with and without a final slash.
      const path = url.replace(/\/$/, '')
      return { url: path, schema: operationOf(schema, path, route) }
    },
    transformObject(document) {
      if (!('openapiObject' in document)) return document.swaggerObject
      const { openapiObject } = document
      for (const { post, patch } of Object.values(openapiObject.paths ?? {}).filter(
        path => path !== undefined,
      ))
        for (const { operationId = '', requestBody } of [post, patch].filter(one => one !== undefined))
          if (requestBody && 'content' in requestBody && optionalBodies.has(operationId))
            requestBody.required = false
      Object.assign(openapiObject.components?.schemas ?? {}, schemas)
      return openapiObject
    },
  }

  function operationOf(
    schema: FastifySchema = {},
    url: string,
    { method, config }: RouteOptions,
  ): FastifySchema {
    const verb = String(method).toLowerCase()
    const operationId = verb + url.split(/\W+/).slice(2).map(capital).join('')
    const { body, documented = body, response, params, querystring, ...rest } = schema
    if (verb !== 'put' && requiredOf(body).length === 0) optionalBodies.add(operationId)
    const refused = { 'application/problem+json': { schema: partOf(problem) } }
    return {
      ...rest,
      operationId,
      tags: [tagOf(url)],
      ...(config?.isPublic && { security: [] }),
      ...(isPart(params) && { params: partOf(params) }),
      ...(isPart(querystring) && { querystring: withoutDefaults(partOf(querystring)) }),
      ...(isPart(documented) && {
        body: partOf(documented),
        consumes: BODIES[verb] ?? ['application/json'],
      }),
      response: {
        ...Object.fromEntries(entriesOf(response).map(([status, one]) => [status, responseOf(one)])),
        '4XX': { description: 'Refused; says how to fix it', content: refused },
        '5XX': { description: 'The gateway failed, or Redis or Postgres is away', content: refused },
      },
    }
  }

  function responseOf(schema: unknown): Part {
    const { type, description = 'Done', contentMediaType = 'application/json' } = isPart(schema) ? schema : {}
    // The library's sign of a response without content.
    if (type === 'undefined') return { type: 'null', description }
    return { description, content: { [String(contentMediaType)]: { schema: partOf(schema) } } }
  }
}

/** Groups the routes by their subject. */
function tagOf(path: string): string {
  const [, , word = ''] = path.split('/')
  const others: Record<string, string> = { whoami: 'tokens', 'openapi.json': 'documents', docs: 'documents' }
  return others[word] ?? word
}

/** The schema as the document has it. A schema with a title becomes a component; `expected` joins the description. */
function partIn(components: Record<string, Part>, schema: unknown): Part {
  if (!isPart(schema)) return {}
  const inside = (value: unknown) => partIn(components, value)
  const named = (parts: unknown) =>
    Object.fromEntries(entriesOf(parts).map(([name, part]) => [name, inside(part)]))
  const { title, expected, description, ...keywords } = schema
  const { items, anyOf, properties, patternProperties } = keywords
  const words = [description, expected].filter(words => words !== undefined).join('. Expected: ')
  const part: Part = {
    ...keywords,
    ...(items !== undefined && { items: inside(items) }),
    ...(Array.isArray(anyOf) && { anyOf: anyOf.map(inside) }),
    ...(isPart(properties) && { properties: named(properties) }),
    ...(isPart(patternProperties) && { patternProperties: named(patternProperties) }),
    ...(words !== '' && { description: words }),
  }
  if (typeof title !== 'string') return part
  components[title] ??= part
  return { $ref: `#/components/schemas/${title}` }
}

/** TypeBox requires parameters that have a default; a caller may leave them out. */
function withoutDefaults(query: Part): Part {
  const { properties } = query
  const isFree = (name: string) => isPart(properties) && 'default' in Object(properties[name])
  return { ...query, required: requiredOf(query).filter(name => !isFree(name)) }
}

function requiredOf(schema: unknown): string[] {
  return isPart(schema) && Array.isArray(schema.required) ? schema.required : []
}

function entriesOf(value: unknown): [string, unknown][] {
  return isPart(value) ? Object.entries(value) : []
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
