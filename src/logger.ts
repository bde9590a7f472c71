/** JSON lines on standard output, as aggregators read them: a level by name, a time by RFC 3339. */

import type { FastifyBaseLogger } from 'fastify'
import { type DestinationStream, pino } from 'pino'

/** Lines are gathered into writes of this size, or of what there is so often; pino writes the rest at the exit. */
const GATHERED = { minLength: 4096, periodicFlush: 250 }

export function createLogger(
  level: string,
  destination: DestinationStream = pino.destination({ sync: false, ...GATHERED }),
) {
  const logger: FastifyBaseLogger = pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    destination,
  )
  return logger
}
