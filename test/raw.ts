/** HTTP as bytes on a socket, for requests that no correct client would send. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawCaller {
  socket: Socket
  send(bytes: string | Buffer): void
  /** Sends the same bytes again and again, for as long as the connection takes them. */
  keepSending(bytes: string): void
  /** Everything received so far. */
  received(): string
  /** Waits for a whole response with a content-length, or for the end of the connection, which sets `closed`. */
  response(): Promise<{ status: number; head: string; body: string; closed: boolean }>
  close(): void
}

export async function rawCaller(url: string): Promise<RawCaller> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  let text = ''
  let closed = false
  let failed: string | undefined
  socket.setEncoding('utf8')
  socket.on('data', chunk => {
    text += chunk
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failed = error.code
  })
  socket.on('close', () => {
    closed = true
  })
  return {
    socket,
    send: bytes => void socket.write(bytes),
    keepSending(bytes) {
      const sending = setInterval(() => {
        if (socket.writable) socket.write(bytes)
        else clearInterval(sending)
      }, 1)
      socket.once('close', () => clearInterval(sending))
    },
    received: () => text,
    async response() {
      for (;;) {
        const parsed = parse(text)
        if (parsed) {
          text = text.slice(parsed.length)
          return { status: parsed.status, head: parsed.head, body: parsed.body, closed }
        }
        if (closed) return { status: failed ? -1 : 0, head: '', body: text, closed }
        await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => {})
      }
    },
    close: () => socket.destroy(),
  }
}

function parse(text: string): { status: number; head: string; body: string; length: number } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
  const body = text.slice(end + 4, end + 4 + length)
  if (Buffer.byteLength(body) < length) return undefined
  return { status: Number(head.split(' ', 2)[1]), head, body, length: end + 4 + body.length }
}
