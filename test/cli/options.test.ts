/** Options of commands are parameters of the admin API, and name the values that it declares. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { ADMIN_TOKEN } from '../gateway.ts'
import { startShell } from './shell.ts'

interface Schema {
  enum?: string[]
  const?: string
  pattern?: string
  anyOf?: Schema[]
}

interface OpenApi {
  paths: Record<string, { get?: { parameters?: { in: string; name: string; schema: Schema }[] } }>
}

/** Commands whose options are the query of a GET route. */
const routes: Record<string, string> = {
  'clients list': '/admin/clients',
  'keys list': '/admin/clients/{name}/keys',
  'teams list': '/admin/teams',
  'tokens list': '/admin/tokens',
  usage: '/admin/usage',
  performance: '/admin/performance',
  calls: '/admin/calls',
  refusals: '/admin/refusals',
  alerts: '/admin/alerts',
  audit: '/admin/audit',
}
/** The values of an enumeration, or of a list that a pattern enumerates: `^(a|b)(,(a|b))*$`. */
function valuesOf(schema: Schema): string[] | undefined {
  if (schema.enum) return schema.enum
  const constants = schema.anyOf?.flatMap(({ const: value }) => value ?? [])
  if (constants?.length) return constants
  return /^\^\(([\w|]+)\)\(,/.exec(schema.pattern ?? '')?.[1]?.split('|')
}

test('options of reading commands are query parameters of the admin API with the same values', async t => {
  const { gateway } = await startShell(t)
  const response = await fetch(`${gateway.url}/admin/openapi.json`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  const { paths }: OpenApi = JSON.parse(await response.text())

  for (const [name, route] of Object.entries(routes)) {
    const parameters = paths[route]?.get?.parameters?.filter(one => one.in === 'query') ?? []
    const declared = new Map(parameters.map(one => [one.name, valuesOf(one.schema)]))
    const options = Object.entries(commands.find(command => command.name === name)?.options ?? {})
    assert.ok(options.length > 0, name)
    for (const [option, { values, value = values }] of options) {
      // Flags such as --follow are no parameters.
      if (value === undefined) continue
      assert.ok(declared.has(option), `${route} has no parameter ${option}`)
      assert.deepEqual(values, declared.get(option), `${name} --${option}`)
    }
  }
})
