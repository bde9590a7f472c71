/** The environment, read into a configuration by what `variables.ts` declares. This file is the only reader of `process.env`. */

import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { readSecretFiles } from './secret-files.ts'
import { variables } from './variables.ts'

export const schema = Type.Object(variables)
export type Config = Readonly<Static<typeof schema>> & {
  /** Secrets that came from files, and from which. */
  readonly secretFiles: Readonly<Record<string, string>>
}

/** TypeBox keeps our own words beside the schema's; this reads them back with their types. */
const words = Type.Object({
  /** One line for people; `.env.example` and docs/configuration.md repeat it. */
  description: Type.String(),
  /** What a right value looks like, for the error line. */
  expected: Type.String(),
  /** Never shown, not even in an error. */
  secret: Type.Optional(Type.Boolean()),
})

/** What `.env.example` and docs/configuration.md say of each variable. */
export const documentation = Object.entries(variables).map(([name, variable]) => ({
  name,
  fallback: 'default' in variable ? String(variable.default) : undefined,
  ...Value.Parse(words, { ...variable }),
}))

export const secretNames = documentation.flatMap(({ name, secret }) => (secret ? [name] : []))

/** What stands at the head of `.env.example`. */
export const preamble = `# A secret may come from a file instead: ${secretNames[0]}_FILE=/run/secrets/${secretNames[0]?.toLowerCase()}, and so for each of
# ${secretNames.join(', ')}.
`

export interface Faults extends Error {
  /** One line per faulty variable. */
  faults: string[]
}

/** Reads `.env` where it exists, under the real environment. */
export function readEnvironment(file = '.env'): Record<string, string | undefined> {
  return { ...readWritten(file), ...process.env }
}

/** Names of the variables that are set: in `.env`, and in the environment. */
export interface Names {
  written: string[]
  inherited: string[]
}

export function readNames(file = '.env'): Names {
  return { written: Object.keys(readWritten(file)), inherited: Object.keys(process.env) }
}

function readWritten(file: string): Record<string, string | undefined> {
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
}

/** Turns the environment into a configuration, or throws all its faults at once. An empty variable is an unset one. */
export function parseConfig(environment: Record<string, string | undefined>): Config {
  const { env, files, faults: unread } = readSecretFiles(secretNames, environment)
  const given = Object.fromEntries(
    Object.keys(variables).flatMap(name => (env[name] ? [[name, env[name]]] : [])),
  )
  const value = Value.Convert(schema, Value.Default(schema, { ...given }))
  const converted = new Map(Object.entries(value ?? {}))
  const faults = Object.entries(variables).flatMap(([name, variable]) => {
    const unreadable = unread.get(name)
    if (unreadable !== undefined) return [unreadable]
    if (!converted.has(name) || isRight(variable, converted.get(name), given[name])) return []
    return [faultLine(name, given[name], Value.Parse(words, { ...variable }), files[name])]
  })
  const upstreams = ['EZAI_API_KEY', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY']
  if (!upstreams.some(name => given[name] || unread.has(name))) {
    faults.push(
      'EZAI_API_KEY: found nothing, expected a key for at least one upstream. ' +
        'Set EZAI_API_KEY, or ANTHROPIC_API_KEY, or OPENAI_API_KEY, in the environment or in .env.',
    )
  }
  const port = converted.get('METRICS_PORT')
  // 0 means any free port, so two zeros do not conflict.
  if (port !== undefined && port !== 0 && port === converted.get('PORT')) {
    faults.push(
      `METRICS_PORT: found ${port}, which is PORT as well, expected another port. ` +
        'Set it to a free port, such as 9464, or leave it out: then /metrics is on PORT.',
    )
  }
  if (faults.length === 0 && Value.Check(schema, value)) return { ...value, secretFiles: files }
  throw Object.assign(new Error(faults.join('\n')), { faults }) satisfies Faults
}

/** What is wrong with a secret that was read again from its file, if anything. */
export function secretFault(name: string, secret: string, file: string): string | undefined {
  const variable = new Map<string, TSchema>(Object.entries(variables)).get(name)
  if (!variable || Value.Check(variable, secret)) return undefined
  return faultLine(name, secret, Value.Parse(words, { ...variable }), file)
}

/** Converting cuts fractions off: what was written must be a whole number itself. */
function isRight(variable: TSchema, value: unknown, written: string | undefined): boolean {
  const isWhole = !Type.IsInteger(variable) || written === undefined || /^\d+$/.test(written.trim())
  return isWhole && Value.Check(variable, value)
}

/** Hides everything before the last `@`, which in a URL ends the user and the password. */
function withoutPassword(text: string): string {
  return text.replace(/^([a-z][\w+.-]*:\/\/)?.*@/is, '$1***@')
}

function faultLine(
  name: string,
  found: string | undefined,
  { expected, secret }: Static<typeof words>,
  file: string | undefined,
): string {
  const shown = secret
    ? `a value of ${found?.length ?? 0} characters`
    : JSON.stringify(found && withoutPassword(found))
  if (file !== undefined)
    return `${name}_FILE: found ${shown} in ${JSON.stringify(file)}, expected ${expected}. Correct it there.`
  return `${name}: found ${shown}, expected ${expected}. Correct it in the environment or in .env, or leave it out.`
}
