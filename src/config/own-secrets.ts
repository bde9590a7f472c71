/** The exact values that no response, log line, alert or ledger entry may contain: the secrets of the configuration, also those inside URLs. */

import { redisPasswords } from '../redis/connect.ts'
import { type Config, secretNames } from './config.ts'

/** A webhook's path is a secret if it is as long as one. */
const LONG_PATH = 16

export function ownSecrets(config: Config): string[] {
  return Object.entries(config).flatMap(([name, value]) => {
    if (typeof value !== 'string') return []
    return secretNames.includes(name) ? [value, ...partsOf(name, value)] : passwordsIn(value)
  })
}

function partsOf(name: string, value: string): string[] {
  if (name === 'ALERT_WEBHOOK_URL') return [...passwordsIn(value), ...pathIn(value)]
  if (/^OTEL_EXPORTER_OTLP_(TRACES_)?HEADERS$/.test(name)) return headerValues(value)
  if (name === 'REDIS_URL') return [...passwordsIn(value), ...redisPasswords(value)]
  return passwordsIn(value)
}

/** `//user:password@` of each node, and passwords among the parameters; as they are written, and decoded. */
function passwordsIn(url: string): string[] {
  const inAccess = [...url.matchAll(/\/\/[^\s/?#:]*:([^\s/?]+)@/g)].map(([, password = '']) => password)
  const inQuery = [...url.matchAll(/[?&]\w*password=([^&\s]+)/gi)].map(([, password = '']) => password)
  // Some parsers read a plus in a query as a space, others do not.
  const spaced = inQuery.map(password => password.replaceAll('+', ' '))
  return [...inAccess, ...inQuery, ...spaced].flatMap(password => [password, decoded(password)])
}

function pathIn(url: string): string[] {
  const { pathname = '', search = '' } = URL.parse(url) ?? {}
  return [pathname, pathname + search].filter(path => path.length >= LONG_PATH)
}

/** `authorization=Bearer%20TOKEN`: the value, and the token in it. */
function headerValues(pairs: string): string[] {
  const values = pairs.split(',').map(pair => decoded(pair.slice(pair.indexOf('=') + 1).trim()))
  return values.flatMap(value => [value, ...value.split(/\s+/).slice(1)])
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
