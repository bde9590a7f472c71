/**
 * Reads the response of an upstream that stops reading. An upstream that refuses a large request responds and closes while
 * the body is still being sent: the next write fails, and Node would destroy the socket with the unread response.
 */

import type { Socket } from 'node:net'
import { buildConnector } from 'undici'

/** Milliseconds for which a socket is still read after a failed write. */
const READING_MS = 1000

type Callback = (error?: Error | null) => void

/** A connector for undici. A failed write is reported only after the data that the upstream had sent is read. */
export function lateErrorConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options)
  return (target, callback) =>
    connect(target, (...[error, socket]) => {
      if (error) return callback(error, null)
      delayWriteErrors(socket)
      callback(null, socket)
    })
}

function delayWriteErrors(socket: Socket) {
  const late =
    (report: Callback): Callback =>
    error => {
      if (!error) return report()
      // The read ends with its own error, which destroys the socket.
      const timer = setTimeout(report, READING_MS, error)
      socket.once('close', () => clearTimeout(timer))
      socket.resume()
    }
  const { _write, _writev } = socket
  const writeLate: Socket['_write'] = (chunk, encoding, report) =>
    _write.call(socket, chunk, encoding, late(report))
  const writeAllLate: Socket['_writev'] = (chunks, report) => _writev?.call(socket, chunks, late(report))
  socket._write = writeLate
  if (_writev) socket._writev = writeAllLate
}
