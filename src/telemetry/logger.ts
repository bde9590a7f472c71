/** Logs JSON lines to standard output, with the level by name and the time by RFC 3339. */

import { type DestinationStream, pino } from 'pino'
import { loggedError } from '../logged-error.ts'
import { withFlatLines } from './flat-lines.ts'

/**
 * Lines are written in blocks of about this size, or after this time. pino writes the rest at the exit. Several workers write to
 * one pipe, which takes at most 4096 bytes in one piece: a larger block could be cut by the lines of another worker.
 */
const GATHERED = { minLength: 4000, maxWrite: 4096, periodicFlush: 250 }

/** `redact` removes secrets from each line; `base` is added to each line. */
export function createLogger(
  level: string,
  destination: DestinationStream = standardOutput(),
  redact: (line: string) => string = line => line,
  base?: { pid: number },
) {
  const logger = pino(
    {
      level,
      base,
      timestamp,
      hooks: { streamWrite: redact },
      serializers: { err: (error: unknown) => loggedError(error) },
      formatters: { level: label => ({ level: label }), log: withoutErrors },
    },
    destination,
  )
  return withFlatLines(logger)
}

/** sonic-boom measures a block of text again with each line, but not a block of bytes. */
function standardOutput(): DestinationStream {
  const output: { write(line: string | Buffer): boolean } = pino.destination({
    sync: false,
    contentMode: 'buffer',
    ...GATHERED,
  })
  const write = output.write.bind(output)
  return Object.assign(output, { write: (line: string) => write(Buffer.from(line)) })
}

let second = 0
let date = ''

/** pino's `isoTime`, but a second is written once. */
function timestamp(): string {
  const now = Date.now()
  const ms = now % 1000
  if (now - ms !== second) {
    second = now - ms
    date = new Date(second).toISOString().slice(0, -'000Z'.length)
  }
  return `,"time":"${date}${String(ms).padStart(3, '0')}Z"`
}

/** pino writes an error under any other name than `err` with all its fields. */
function withoutErrors(facts: Record<string, unknown>): Record<string, unknown> {
  for (const name in facts) {
    if (name !== 'err' && facts[name] instanceof Error)
      return withoutErrors({ ...facts, [name]: loggedError(facts[name]) })
  }
  return facts
}
