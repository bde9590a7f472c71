/** The OpenAPI 3.1 document, made of the routes as they are registered: it can say nothing else than what is there. */

import type { RouteOptions } from 'fastify'
import manifest from '../../package.json' with { type: 'json' }
import { problem } from './response-schemas.ts'

export interface OpenApi {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string }
  security: object[]
  paths: Record<string, Record<string, Operation>>
  components: { securitySchemes: object; schemas: Record<string, Part> }
}

export interface Operation {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  security?: object[]
  parameters?: { name: string; in: 'path' | 'query'; required: boolean; description?: string; schema: Part }[]
  requestBody?: { required: boolean; content: Content }
  responses: Record<string, { description: string; content?: Content }>
}

export type Content = Record<string, { schema: Part }>

/** A JSON schema, or a reference to one. */
export type Part = { [keyword: string]: unknown }

/** `PATCH` takes a merge patch. */
const BODIES: Record<string, string[]> = { patch: ['application/merge-patch+json', 'application/json'] }

export function openApi(routes: RouteOptions[]): OpenApi {
  const schemas: Record<string, Part> = {}
  const paths: OpenApi['paths'] = {}
  const refused = { 'application/problem+json': { schema: partOf(problem, schemas) } }
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}')
    const verb = String(route.method).toLowerCase()
    paths[path] = { ...paths[path], [verb]: operationOf(verb, path, route) }
  }

  function operationOf(verb: string, path: string, { schema = {}, config }: RouteOptions): Operation {
    const { summary = '', description, body, documented = body, response } = schema
    const types = BODIES[verb] ?? ['application/json']
    const required = verb === 'put' || fieldsOf(body).some(({ required }) => required)
    return {
      operationId: verb + path.split(/\W+/).slice(2).map(capital).join(''),
      tags: [tagOf(path)],
      summary,
      ...(description !== undefined && { description }),
      ...(config?.isPublic && { security: [] }),
      parameters: [...parametersOf('path', schema.params), ...parametersOf('query', schema.querystring)],
      ...(isObject(documented) && {
        requestBody: { required, content: contentOf(types, partOf(documented, schemas)) },
      }),
      responses: {
        ...Object.fromEntries(entriesOf(response).map(([status, answer]) => [status, answerOf(answer)])),
        '4XX': { description: 'Refused; says how to mend it', content: refused },
        '5XX': { description: 'The gateway failed, or what it needs is away', content: refused },
      },
    }
  }

  function parametersOf(where: 'path' | 'query', schema: unknown) {
    return fieldsOf(schema).map(({ name, field, required }) => {
      const { description, ...part } = partOf(field, schemas)
      return {
        name,
        in: where,
        required: required && !('default' in part),
        ...(typeof description === 'string' && { description }),
        schema: part,
      }
    })
  }

  function answerOf(answer: unknown): Operation['responses'][string] {
    const { description = 'Done', contentMediaType = 'application/json' } = isObject(answer) ? answer : {}
    const isEmpty = isObject(answer) && answer.type === 'undefined'
    return {
      description: String(description),
      ...(!isEmpty && { content: contentOf([String(contentMediaType)], partOf(answer, schemas)) }),
    }
  }

  return {
    openapi: '3.1.0',
    info: {
      title: 'Tollgate administration',
      version: manifest.version,
      description:
        'Clients, keys, teams, budgets, and what was spent. Money is in US dollars, time in RFC 3339. Errors are problem details (RFC 9457).',
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'ADMIN_TOKEN, or one made of POST /admin/tokens',
        },
      },
      schemas,
    },
  }
}

/** Groups the routes by their subject. */
function tagOf(path: string): string {
  const [, , word = ''] = path.split('/')
  const others: Record<string, string> = { whoami: 'tokens', 'openapi.json': 'documents', docs: 'documents' }
  return others[word] ?? word
}

/** A schema as it is written down: parts with a title stand by themselves, and what is expected is part of the description. */
function partOf(schema: unknown, schemas: Record<string, Part>): Part {
  if (!isObject(schema)) return {}
  const { title, expected, description, properties, ...keywords } = schema
  const words = [description, expected].filter(words => words !== undefined).join('. Expected: ')
  const part: Part = {
    ...Object.fromEntries(
      Object.entries(keywords).map(([keyword, value]) => [keyword, nested(keyword, value, schemas)]),
    ),
    ...(isObject(properties) && { properties: named(properties, schemas) }),
    ...(words !== '' && { description: words }),
  }
  if (typeof title !== 'string') return part
  schemas[title] ??= part
  return { $ref: `#/components/schemas/${title}` }
}

function nested(keyword: string, value: unknown, schemas: Record<string, Part>): unknown {
  if (keyword === 'items') return partOf(value, schemas)
  if (keyword === 'anyOf' && Array.isArray(value)) return value.map(one => partOf(one, schemas))
  if (keyword === 'patternProperties' && isObject(value)) return named(value, schemas)
  return value
}

function named(properties: Part, schemas: Record<string, Part>): Part {
  return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, partOf(one, schemas)]))
}

function fieldsOf(schema: unknown): { name: string; field: unknown; required: boolean }[] {
  if (!isObject(schema) || !isObject(schema.properties)) return []
  const { required } = schema
  return Object.entries(schema.properties).map(([name, field]) => ({
    name,
    field,
    required: Array.isArray(required) && required.includes(name),
  }))
}

function contentOf(types: string[], schema: Part): Content {
  return Object.fromEntries(types.map(type => [type, { schema }]))
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : []
}

function isObject(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
