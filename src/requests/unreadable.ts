/** What is wrong below HTTP, before or in the middle of a request: answered in form all the same, where an answer still can be given. */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { dialectOf } from '../dialects/index.ts'
import { type Refusal, refusal } from '../errors.ts'
import { newRequestId } from './request-id.ts'

/** As Node hands it over; `rawPacket` is what it could not read. */
interface ClientError extends Error {
  code?: string
  rawPacket?: unknown
}

/** What still comes is read and thrown away for so long, so that whoever is sending gets the answer and no reset. */
const LINGER = 2000

const REFUSALS: Record<string, () => Refusal> = {
  HPE_HEADER_OVERFLOW: () =>
    refusal('headers_too_large', 'The headers are larger than 16 KB together; send fewer or shorter ones.'),
  ERR_HTTP_REQUEST_TIMEOUT: () =>
    refusal('request_timeout', 'The request did not come to its end in time; send it again, faster.'),
}

const answered = new WeakSet<Socket>()

export function answerUnreadable(app: FastifyInstance, error: ClientError, socket: Socket): void {
  // What comes after the answer is no request either.
  if (answered.has(socket)) return
  const [request, reply] = [...app.running].find(([{ raw }]) => raw.socket === socket) ?? []
  // An answer that is owed to an earlier request, or has begun, must not be mixed with this one.
  const isTaken = request?.raw.complete || reply?.raw.headersSent
  if (error.code === 'ECONNRESET' || !socket.writable || isTaken) {
    socket.destroy()
    return
  }

  answered.add(socket)
  const found = REFUSALS[error.code ?? '']?.() ?? refusal('invalid_request', 'This is no HTTP request.')
  const id = request?.id ?? newRequestId()
  if (request) app.recordError(request, found)
  // Whoever sent only half a request has no line of its own.
  else app.log.info({ reqId: id, status: found.statusCode, error: error.code }, 'unreadable')
  const asked = request ?? { url: pathIn(error.rawPacket), headers: {} }
  const dialect = dialectOf(request?.routeOptions.config.dialect, asked)
  socket.end(answerOf(found, id, dialect.errorBody(found, id)))
  // Of what the parser has given up nothing more can become a request; anything else could be served to nobody.
  if (error.code?.startsWith('HPE_') && !request) linger(socket)
  else socket.destroySoon()
}

function linger(socket: Socket) {
  const deadline = setTimeout(() => socket.destroy(), LINGER)
  socket.once('close', () => clearTimeout(deadline))
}

/** Of a request that begins as one should. */
function pathIn(packet: unknown): string {
  const text = Buffer.isBuffer(packet) ? packet.toString('latin1', 0, 256) : ''
  return /^[A-Z]+ (\S+)/.exec(text)?.[1] ?? ''
}

function answerOf({ statusCode }: Refusal, id: string, body: object): string {
  const text = JSON.stringify(body)
  const headers = {
    'request-id': id,
    'x-request-id': id,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines.join('')}\r\n${text}`
}
