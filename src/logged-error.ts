/**
 * An error as it is logged: an allow-list of fields. Drivers attach the whole command (passwords, keys, scripts, rows) to an
 * error, and sometimes put it into the message.
 */

/** A logged error. A thrown value that is not an error has only its type and text. */
export interface LoggedError {
  type: string
  message: string
  stack?: string
  cause?: LoggedError
  /** The first `MOST` errors that an AggregateError or a driver has collected. */
  aggregateErrors?: LoggedError[]
  [field: string]: unknown
}

/** Fields of Node, undici, pg and Fastify. Never `command`, `args`, `query`, `parameters`, `detail`, `hint`, `where`. */
const FIELDS = [
  ...['code', 'errno', 'syscall', 'address', 'port', 'hostname', 'path', 'statusCode'],
  ...[
    'severity',
    'schema',
    'table',
    'column',
    'dataType',
    'constraint',
    'position',
    'file',
    'line',
    'routine',
  ],
]
/** Fields in which drivers store other errors. */
const ONE = ['cause', 'lastNodeError', 'previousError']
const SEVERAL = ['errors', 'previousErrors']

const LONGEST_MESSAGE = 1000
const LONGEST_FIELD = 200
const FRAMES = 20
const DEEPEST = 4
const MOST = 5

/** Never throws. */
export function loggedError(thrown: unknown, depth = 0): LoggedError {
  try {
    return isErrorLike(thrown) ? describe(thrown, depth) : { type: typeName(thrown), message: plain(thrown) }
  } catch {
    return { type: 'unknown', message: 'the error cannot be read' }
  }
}

/** An error's message, without the parts that must not be logged. */
export function loggedMessage(message: string): string {
  // Redis repeats the arguments of a command that it does not know, such as the password of HELLO.
  return shortened(message.replace(/,? with args beginning with:.*/s, ''), LONGEST_MESSAGE)
}

function describe(error: ErrorLike, depth: number): LoggedError {
  const message = loggedMessage(error.message)
  const described: LoggedError = { type: typeName(error), message }
  const frames = framesOf(error.stack)
  if (frames) described.stack = `${described.type}: ${message}\n${frames}`
  for (const name of FIELDS) {
    const value = error[name]
    if (typeof value === 'number' || typeof value === 'boolean') described[name] = value
    if (typeof value === 'string') described[name] = shortened(value, LONGEST_FIELD)
  }
  if (depth >= DEEPEST) return described
  for (const name of ONE) {
    if (isErrorLike(error[name])) described[name] = loggedError(error[name], depth + 1)
  }
  const several = SEVERAL.flatMap(name => (Array.isArray(error[name]) ? error[name].slice(0, MOST) : []))
  if (several.length > 0)
    described.aggregateErrors = several.slice(0, MOST).map(one => loggedError(one, depth + 1))
  return described
}

interface ErrorLike extends Record<string, unknown> {
  message: string
}

function isErrorLike(thrown: unknown): thrown is ErrorLike {
  return (
    typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string'
  )
}

function typeName(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return typeof thrown
  const { name, constructor: made } = thrown as { name?: unknown; constructor?: { name?: unknown } }
  const found = made?.name && made.name !== 'Object' ? made.name : name
  return typeof found === 'string' ? shortened(found, LONGEST_FIELD) : 'Object'
}

/** The text of an object is left out, since it may hold secrets. */
function plain(thrown: unknown): string {
  return typeof thrown === 'object' || typeof thrown === 'function' ? '' : loggedMessage(String(thrown))
}

/** The message at the top of the stack is left out, since its length has no limit. */
function framesOf(stack: unknown): string {
  if (typeof stack !== 'string') return ''
  const frames = stack.split('\n').filter(line => /^ {4}at /.test(line))
  return frames
    .slice(0, FRAMES)
    .map(frame => shortened(frame, LONGEST_FIELD))
    .join('\n')
}

function shortened(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
