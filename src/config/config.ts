/**
 * The environment. @fastify/env reads it, with `.env` under it, and checks it by the schema of `variables.ts`. No other file
 * reads `process.env`.
 */

import type { FastifyEnvOptions } from '@fastify/env'
import { envSchema } from 'env-schema'
import { type Static, Type } from 'typebox'
import { Environment } from './environment.ts'
import type { UpstreamVariables } from './upstreams.ts'
import { documentation, secretNames, variables } from './variables.ts'

export { documentation, secretNames } from './variables.ts'

const schema = Type.Object({
  ...variables,
  /** The file of each secret that came from one. */
  secretFiles: Type.Record(Type.String(), Type.String()),
})
export type Config = Readonly<Static<typeof schema> & UpstreamVariables>

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
  }
}

/** Compiles each schema once in a process. */
const ajv = new Environment()
const prepared = { ...schema, prepared: true }
const unchecked = { ...Type.Record(Type.String(), Type.String()) }

/** A source of variables instead of the environment and `.env`. */
export type Values = Record<string, string | undefined>

/** Options of @fastify/env. Its error is one line per fault. */
export function environment(values?: Values): FastifyEnvOptions {
  return { schema: prepared, ajv, ...(values ? { env: false, data: values } : { dotenv: true }) }
}

/**
 * The configuration without a Fastify instance, by the function that @fastify/env calls. The logger, the embedded servers and
 * Fastify's own timeouts need it before there is an instance.
 */
export function readConfig(options = environment()): Config {
  return envSchema<Config>(options)
}

/** All variables as text, unchecked. */
export function readEnvironment(): Values {
  return readValues(environment())
}

/** Reads the values from the source that these options name. */
export function readValues({ env, data }: FastifyEnvOptions): Values {
  return envSchema<Values>({ schema: unchecked, ajv, ...(env === false ? { env, data } : { dotenv: true }) })
}

/** Names of the variables that are set: in `.env`, and in the environment. */
export interface Names {
  written: string[]
  inherited: string[]
}

export function readNames(): Names {
  const written = envSchema({ schema: unchecked, ajv, dotenv: true, env: false })
  return { written: Object.keys(written), inherited: Object.keys(process.env) }
}

/** The folders in which programs are found. */
export function programPath(): string {
  return process.env.PATH ?? ''
}

/** The fault of a secret that was read again from its file; undefined if it has none. */
export function secretFault(name: string, secret: string, file: string): string | undefined {
  return ajv.secretFault(name, secret, file)
}

/** The first lines of `.env.example`. */
export const preamble = `# A secret may come from a file instead: ${secretNames[0]}_FILE=/run/secrets/${secretNames[0]?.toLowerCase()}, and so for each of
# ${documentation.flatMap(({ name, secret }) => (secret ? [name] : [])).join(', ')}.
`
