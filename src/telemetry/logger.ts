/** Logs JSON lines to standard output, with the level by name and the time by RFC 3339. */

import type { FastifyBaseLogger } from 'fastify'
import { type DestinationStream, pino } from 'pino'
import { loggedError } from '../logged-error.ts'

/** Lines are written in blocks of this size, or after this time. pino writes the rest at the exit. */
const GATHERED = { minLength: 4096, periodicFlush: 250 }

/** `redact` removes secrets from each line. */
export function createLogger(
  level: string,
  destination: DestinationStream = pino.destination({ sync: false, ...GATHERED }),
  redact: (line: string) => string = line => line,
) {
  const logger: FastifyBaseLogger = pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: { streamWrite: redact },
      serializers: { err: (error: unknown) => loggedError(error) },
      formatters: { level: label => ({ level: label }), log: withoutErrors },
    },
    destination,
  )
  return logger
}

/** pino writes an error under any other name than `err` with all its fields. */
function withoutErrors(facts: Record<string, unknown>): Record<string, unknown> {
  for (const name in facts) {
    if (name !== 'err' && facts[name] instanceof Error)
      return withoutErrors({ ...facts, [name]: loggedError(facts[name]) })
  }
  return facts
}
