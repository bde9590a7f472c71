import { type Config, environment, readConfig, type Values } from '../src/config/config.ts'

/** The configuration of these variables alone. */
export function configOf(values: Values): Config {
  return readConfig(environment(values))
}
