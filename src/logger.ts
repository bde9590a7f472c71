/** JSON lines on standard output, as aggregators read them: a level by name, a time by RFC 3339. */

import type { FastifyBaseLogger } from 'fastify'
import { type DestinationStream, pino } from 'pino'

export function createLogger(
  level: string,
  destination: DestinationStream = pino.destination({ sync: false }),
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
