/**
 * The Ajv instance that @fastify/env validates with. Its error text is one line per faulty variable: what was found, what was
 * expected, how to fix it. It never contains a secret.
 */

import { Ajv, type ErrorObject, type SchemaValidateFunction } from 'ajv'
import { readSecretFiles } from './secret-files.ts'
import { keyVariable, upstreams } from './upstreams.ts'
import { documentation, secretNames, variables } from './variables.ts'

const upstreamKeys = upstreams.map(keyVariable)
const words = new Map(documentation.map(one => [one.name, one]))
const schemas = new Map<string, object>(Object.entries(variables))
const order = [...schemas.keys()]
const integers = order.filter(name => isInteger(schemas.get(name)))

export class Environment extends Ajv {
  constructor() {
    super({
      allErrors: true,
      coerceTypes: true,
      removeAdditional: true,
      useDefaults: true,
      verbose: true,
      addUsedSchema: false,
      formats: { url: (text: string) => URL.canParse(text) },
    })
    this.addVocabulary(['expected', 'secret'])
    const prepare: SchemaValidateFunction = (_: true, env: Text) => {
      const lines = this.#prepare(env)
      prepare.errors = [...lines].map(([name, message]) => ({
        keyword: PREPARED,
        instancePath: name && `/${name}`,
        message,
      }))
      return lines.size === 0
    }
    // Ajv runs a keyword without a type before it sets defaults and converts text.
    this.addKeyword({ keyword: PREPARED, modifying: true, validate: prepare })
  }

  /** One line per variable, in the order of their declaration. */
  override errorsText(errors: ErrorObject[] | null = this.errors ?? null): string {
    const lines = new Map<string, string>()
    for (const { data, instancePath, keyword, message = '' } of errors ?? []) {
      const [, name = ''] = instancePath.split('/')
      if (!lines.has(name)) lines.set(name, keyword === PREPARED ? message : faultLine(name, String(data)))
    }
    const place = (name: string) => (name === '' ? order.length : order.indexOf(name))
    return [...lines]
      .sort(([a], [b]) => place(a) - place(b))
      .map(([, line]) => line)
      .join('\n')
  }

  /** The fault of a secret that came from a file. */
  secretFault(name: string, secret: string, file: string): string | undefined {
    const schema = schemas.get(name)
    return !schema || this.validate(schema, secret) ? undefined : faultLine(name, secret, file)
  }

  /** Unsets empty variables, reads secrets from files, and checks what one variable's schema cannot. Returns faults by name. */
  #prepare(env: Text): Map<string, string> {
    for (const name in env) if (!env[name]) delete env[name]
    const { files, faults, ...read } = readSecretFiles(secretNames, env)
    for (const [name, file] of Object.entries(files)) {
      const secret = read.env[name] ?? ''
      const fault = this.secretFault(name, secret, file)
      if (fault === undefined) env[name] = secret
      else faults.set(name, fault)
    }
    Object.assign(env, { secretFiles: files })
    // Ajv takes "1e3" and "0x10" for integers as well.
    for (const name of integers)
      if (env[name] !== undefined && !/^\d+$/.test(env[name].trim()))
        faults.set(name, faultLine(name, env[name]))
    const port = Number(env.METRICS_PORT)
    // 0 means any free port, so two zeros do not conflict.
    if (port !== 0 && port === Number(env.PORT ?? words.get('PORT')?.fallback))
      faults.set(
        'METRICS_PORT',
        `METRICS_PORT: found ${port}, which is PORT as well, expected another port. ` +
          'Set it to a free port, such as 9464, or leave it out: then /metrics is on PORT.',
      )
    if (!env.UPSTREAMS_FILE && !upstreamKeys.some(name => env[name] || faults.has(name)))
      faults.set(
        '',
        `${upstreamKeys[0]}: found nothing, expected a key for at least one upstream. ` +
          `Set ${upstreamKeys.join(', or ')}, or UPSTREAMS_FILE, in the environment or in .env.`,
      )
    return faults
  }
}

type Text = Record<string, string | undefined>

const PREPARED = 'prepared'

function isInteger(schema: object | undefined): boolean {
  return schema !== undefined && 'type' in schema && schema.type === 'integer'
}

function faultLine(name: string, found: string, file?: string): string {
  const { expected = 'another value', secret } = words.get(name) ?? {}
  const shown = secret ? `a value of ${found.length} characters` : JSON.stringify(withoutPassword(found))
  if (file !== undefined)
    return `${name}_FILE: found ${shown} in ${JSON.stringify(file)}, expected ${expected}. Correct it there.`
  return `${name}: found ${shown}, expected ${expected}. Correct it in the environment or in .env, or leave it out.`
}

/** Hides everything before the last `@`: in a URL that is the user and the password. */
function withoutPassword(text: string): string {
  return text.replace(/^([a-z][\w+.-]*:\/\/)?.*@/is, '$1***@')
}
