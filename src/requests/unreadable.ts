/** Answers bytes that Node cannot read as HTTP with an error in the format of the route, if a response is still possible. */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { dialectOf } from '../dialects/index.ts'
import { type Refusal, refusal } from '../errors.ts'
import { newRequestId } from './request-id.ts'

/** Node's error; `rawPacket` holds the bytes that it could not read. */
interface ClientError extends Error {
  code?: string
  rawPacket?: unknown
}

/** Further bytes are read and dropped for this long (ms), so that the caller gets the response instead of a reset. */
const CLOSE_DELAY = 2000

const REFUSALS: Record<string, () => Refusal> = {
  HPE_HEADER_OVERFLOW: () =>
    refusal('headers_too_large', 'The headers are larger than 16 KB together; send fewer or shorter ones.'),
  ERR_HTTP_REQUEST_TIMEOUT: () =>
    refusal('request_timeout', 'The request did not come to its end in time; send it again, faster.'),
}

const rejected = new WeakSet<Socket>()

export function rejectUnreadable(app: FastifyInstance, error: ClientError, socket: Socket): void {
  // Bytes after the response are no request either.
  if (rejected.has(socket)) return
  const { request, reply } = [...app.running].find(call => call.request.raw.socket === socket) ?? {}
  // The response to an earlier request must not be mixed with this one.
  const isTaken = request?.raw.complete || reply?.raw.headersSent
  if (error.code === 'ECONNRESET' || !socket.writable || isTaken) {
    socket.destroy()
    return
  }

  rejected.add(socket)
  const found = REFUSALS[error.code ?? '']?.() ?? refusal('invalid_request', 'This is no HTTP request.')
  const id = request?.id ?? newRequestId()
  if (request) app.recordError(request, found)
  // An incomplete request has no call line in the log.
  else app.log.info({ reqId: id, status: found.statusCode, error: error.code }, 'unreadable')
  const asked = request ?? { url: pathIn(error.rawPacket), headers: {} }
  const dialect = dialectOf(request?.routeOptions.config.dialect, asked)
  socket.end(rawResponse(found, id, dialect.errorBody(found, id)))
  // The parser has given up, so the connection cannot carry another request.
  if (error.code?.startsWith('HPE_') && !request) closeLater(socket)
  else socket.destroySoon()
}

function closeLater(socket: Socket) {
  const deadline = setTimeout(() => socket.destroy(), CLOSE_DELAY)
  socket.once('close', () => clearTimeout(deadline))
}

/** The request line, if its beginning is valid. */
function pathIn(packet: unknown): string {
  const text = Buffer.isBuffer(packet) ? packet.toString('latin1', 0, 256) : ''
  return /^[A-Z]+ (\S+)/.exec(text)?.[1] ?? ''
}

function rawResponse({ statusCode }: Refusal, id: string, body: object): string {
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
