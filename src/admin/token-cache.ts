/** The administrators' tokens in memory. They are few, so all are read again when the configuration's version rises. */

import type { Pool } from 'pg'
import type { Administrator } from './response-schemas.ts'
import { digestToken } from './token-format.ts'
import { type KnownToken, readTokens } from './token-records.ts'

export interface Tokens {
  /** The owner of a token. Queries only after a change. Rejects with Postgres's own error. */
  find(presented: string): Promise<Administrator | undefined>
}

/** `now` is the time; `newest` the configuration's version: a token that was made or revoked anywhere has raised it. */
export function createTokens(pool: Pool, newest: () => number, now: () => number): Tokens {
  let known = new Map<string, KnownToken>()
  let version = 0
  let reading: Promise<void> | undefined

  async function read(): Promise<void> {
    const found = await readTokens(pool)
    known = found.tokens
    version = found.version
  }

  return {
    async find(presented) {
      // Twice at most: a running read may be older than a new token.
      for (let tries = 0; version < newest() && tries < 2; tries++) {
        reading ??= read().finally(() => {
          reading = undefined
        })
        await reading
      }
      const found = known.get(digestToken(presented).toString('hex'))
      if (!found || (found.expiresAt !== undefined && found.expiresAt <= now())) return undefined
      return { name: found.name, role: found.role }
    },
  }
}
