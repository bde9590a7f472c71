/** Reads a file that declares the gateway, teams and clients. Validates it as strictly as the admin API does. */

import { readFile } from 'node:fs/promises'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { parse as parseYaml } from 'yaml'
import { faultFinder } from '../admin/faults.ts'
import { clientSettings, name, scopeSettings } from '../clients/settings.ts'
import { DUPLICATE_KEY, findDuplicateKey } from '../dialects/wire/duplicate-key.ts'
import { usageError } from './errors.ts'

const strict = { additionalProperties: false } as const

/** The content of `clients.json`, in JSON or YAML. Absent sections change nothing. */
export const declaration = Type.Object(
  {
    gateway: Type.Optional(scopeSettings),
    teams: Type.Optional(
      Type.Array(
        Type.Object(
          { name, ...scopeSettings.properties },
          { ...strict, expected: 'an object with name, limits, budget' },
        ),
        { expected: 'a list of teams' },
      ),
    ),
    clients: Type.Optional(Type.Array(clientSettings, { expected: 'a list of clients' })),
    $schema: Type.Optional(
      Type.String({
        description: 'The address of this schema, for editors; the gateway does not read it',
        expected: 'the address of a JSON schema',
      }),
    ),
  },
  { ...strict, expected: 'an object with gateway, teams, clients' },
)

export type Declaration = Static<typeof declaration>

const findFaults = faultFinder(declaration)

/** Rejects with all faults, one per line. */
export async function readDeclaration(file: string): Promise<Declaration> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw usageError(`${file} cannot be read: ${error.message}`)
  })
  const content = parse(file, text)
  const faults = findFaults(content).map(({ field, detail }) => `${file}: ${field} ${detail}`)
  if (faults.length > 0) throw usageError(faults.join('\n'))
  const value = Value.Parse(declaration, content)
  for (const list of ['teams', 'clients'] as const) {
    const names = value[list]?.map(one => one.name) ?? []
    const repeated = names.find((one, i) => names.indexOf(one) !== i)
    if (repeated !== undefined) throw usageError(`${file}: ${list} declares ${repeated} twice, expected once`)
  }
  return value
}

function parse(file: string, text: string): unknown {
  const plain = text.replace(/^\uFEFF/, '')
  return isYaml(file, plain) ? readYaml(file, plain) : readJson(file, plain)
}

/** The file's extension decides, else the first character. */
function isYaml(file: string, text: string): boolean {
  if (/\.ya?ml$/i.test(file)) return true
  return !/\.json$/i.test(file) && !/^\s*[{[]/.test(text)
}

function readYaml(file: string, text: string): unknown {
  try {
    return parseYaml(text, { logLevel: 'error' })
  } catch (error) {
    throw usageError(`${file} is not YAML: ${error instanceof Error ? error.message.trim() : error}`)
  }
}

function readJson(file: string, text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw usageError(`${file} is not JSON: ${error instanceof Error ? error.message : error}`)
  }
  const field = findDuplicateKey(text)
  if (field !== undefined) throw usageError(`${file}: ${field} ${DUPLICATE_KEY}`)
  return value
}
