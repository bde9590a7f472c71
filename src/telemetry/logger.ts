/** JSON lines on standard output, as aggregators read them: a level by name, a time by RFC 3339. */

import type { FastifyBaseLogger } from 'fastify'
import { type DestinationStream, pino } from 'pino'
import { loggedError } from '../logged-error.ts'

/** Lines are gathered into writes of this size, or of what there is so often; pino writes the rest at the exit. */
const GATHERED = { minLength: 4096, periodicFlush: 250 }

/** `redact`: what of a line must not be written, whatever put it there. */
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
