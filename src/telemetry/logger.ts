/** Logs JSON lines to standard output, with the level by name and the time by RFC 3339. */

import { type DestinationStream, pino } from 'pino'
import { loggedError } from '../logged-error.ts'
import { withFlatLines } from './flat-lines.ts'

/** Lines are written in blocks of this size (bytes), or after this time (ms). pino writes the rest at the exit. */
const GATHERED = { minLength: 16_384, maxWrite: 65_536 }
const FLUSH_AFTER = 250
/** Workers share a pipe, which takes this number of bytes in one piece: the lines of another worker could cut a larger block. */
const SHARED = { minLength: 4000, maxWrite: 4096 }

/** `redact` removes secrets from each line; `base`, of a worker, is added to each line. */
export function createLogger(
  level: string,
  destination?: DestinationStream,
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
    destination ?? standardOutput(base ? SHARED : GATHERED),
  )
  return withFlatLines(logger)
}

/**
 * sonic-boom measures a block of text again with each line, but not a block of bytes. Its own periodic flush wakes an idle
 * process, and writes nothing.
 */
function standardOutput(blocks: typeof GATHERED): DestinationStream {
  const output: Output = pino.destination({ sync: false, contentMode: 'buffer', ...blocks })
  const write = output.write.bind(output)
  /** Bytes that are not written yet. */
  let waiting = 0
  let isDue = false
  function flushSoon() {
    if (!isDue) setTimeout(flush, FLUSH_AFTER).unref()
    isDue = true
  }
  function flush() {
    isDue = false
    output.flush()
  }
  // A flush does nothing while a block is being written, so the lines after that block need another one.
  output.on('write', bytes => {
    waiting -= bytes
    if (waiting > 0) flushSoon()
  })
  return Object.assign(output, {
    write(line: string) {
      const bytes = Buffer.from(line)
      waiting += bytes.length
      flushSoon()
      return write(bytes)
    },
  })
}

interface Output {
  write(line: string | Buffer): boolean
  flush(): void
  on(event: 'write', listener: (bytes: number) => void): unknown
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
