/** JSON lines on standard output, as aggregators read them: a level by name, a time by RFC 3339. */

import type { FastifyBaseLogger } from 'fastify'
import { type DestinationStream, pino } from 'pino'

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
      formatters: { level: label => ({ level: label }) },
    },
    destination,
  )
  return logger
}
