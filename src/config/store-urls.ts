/** The URLs of Redis and Postgres. Each URL includes the private certificate authority, so a connection needs no other setting. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseRedisUrl } from '../redis/connect.ts'
import type { Config } from './config.ts'
import { postgresPlace } from './places.ts'

type Given = Pick<Config, 'REDIS_URL' | 'REDIS_CA_FILE' | 'DATABASE_URL' | 'DATABASE_CA_FILE'>

/** Undefined: the embedded store. Throws all faults at once, one per line. A fault quotes nothing of a URL. */
export function storeUrls(given: Given): { redisUrl: string | undefined; databaseUrl: string | undefined } {
  const faults: string[] = []
  const checked = (find: () => string | undefined) => {
    try {
      return find()
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error))
    }
  }
  const redisUrl = checked(() => redisUrlOf(given))
  const databaseUrl = checked(() => databaseUrlOf(given))
  if (faults.length > 0) throw new Error(faults.join('\n'))
  return { redisUrl, databaseUrl }
}

function redisUrlOf({ REDIS_URL: url, REDIS_CA_FILE: ca }: Given): string | undefined {
  if (ca !== undefined) {
    if (!url?.startsWith('rediss://')) throw idle('REDIS_CA_FILE', 'REDIS_URL with the scheme rediss://')
    checkAuthority('REDIS_CA_FILE', ca)
  }
  const whole = url !== undefined && ca !== undefined ? withParameters(url, { ca }) : url
  if (whole !== undefined) parseRedisUrl(whole)
  return whole
}

/** Modes of libpq that do not verify the certificate fully. */
const WEAK = ['prefer', 'require', 'verify-ca']

/** With TLS the certificate of the server is verified, unless the URL says `no-verify`. */
function databaseUrlOf({ DATABASE_URL: url, DATABASE_CA_FILE: ca }: Given): string | undefined {
  const asked = new URLSearchParams(url?.split('?')[1])
  const mode = asked.get('sslmode')
  if (ca !== undefined) {
    if (url === undefined || mode === 'disable')
      throw idle('DATABASE_CA_FILE', 'DATABASE_URL, and not sslmode=disable in it')
    checkAuthority('DATABASE_CA_FILE', ca)
  }
  if (url === undefined) return undefined
  const isWeak = mode !== null && WEAK.includes(mode) && !asked.has('uselibpqcompat')
  const whole = withParameters(url, {
    ...((isWeak || (mode === null && ca !== undefined)) && { sslmode: 'verify-full' }),
    ...(ca !== undefined && { sslrootcert: ca }),
  })
  checkDatabaseUrl(whole)
  return whole
}

/** The message is our own, since the driver's error may quote the URL. */
function checkDatabaseUrl(url: string): void {
  try {
    postgresPlace(url)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : 'no URL'
    throw new Error(
      `DATABASE_URL: found a URL that cannot be read (${reason}), expected postgres://user:password@host:5432/database. ` +
        'Correct it; characters such as @ : / ? # % are percent-encoded in a password.',
    )
  }
}

/** Replaces parameters with these names. */
function withParameters(url: string, more: Record<string, string>): string {
  if (Object.keys(more).length === 0) return url
  const [address = '', query] = url.split('?')
  const parameters = new URLSearchParams(query)
  for (const [name, value] of Object.entries(more)) parameters.set(name, value)
  return `${address}?${parameters}`
}

function checkAuthority(name: string, file: string): void {
  try {
    new X509Certificate(readFileSync(file))
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    throw new Error(
      `${name}: found ${JSON.stringify(file)} (${reason}), expected a readable file with a certificate in PEM. Correct the path or the file.`,
    )
  }
}

function idle(name: string, needed: string): Error {
  return new Error(`${name}: found a file, expected ${needed} beside it. Set that, or leave ${name} out.`)
}
