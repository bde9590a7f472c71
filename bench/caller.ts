/**
 * One caller: a keep-alive connection that sends a request, waits for the response, and sends the next. It does the least
 * that HTTP allows, because it shares its core with the provider.
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import type { Column } from './columns.ts'
import { bodyOf, type Prompt, patch } from './prompts.ts'

export interface Received {
  status: number
  /** Status line and headers. */
  head: string
  /** The first bytes of the body. */
  start: Buffer
  /** The times of the first and the last byte of the body, by `performance.now`. */
  firstAt: number
  lastAt: number
}

export interface Caller {
  ask(): Promise<Received>
  close(): void
}

const silenceLimitMs = 30_000
const lastChunk = Buffer.from('\r\n0\r\n\r\n')

export async function openCaller(
  { url, path, model, headers, cached }: Column,
  prompt: Prompt,
): Promise<Caller> {
  const { hostname, port, host } = new URL(url)
  const { body, numberAt: inBody } = bodyOf(model, prompt)
  const lines = Object.entries({ ...headers, host, 'content-length': body.length })
  const head = `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  // Each caller has its own copy, because the kernel may not have sent it yet when another caller changes it.
  const request = Buffer.concat([Buffer.from(head, 'latin1'), body])
  const numberAt = head.length + inBody

  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.setNoDelay(true)
  socket.setTimeout(silenceLimitMs, () => socket.destroy(new Error(`silent for ${silenceLimitMs} ms`)))
  let reader = readResponse(() => {})
  let fail = (_error: Error) => {}
  socket.on('data', (chunk: Buffer) => reader(chunk))
  socket.on('error', error => fail(error))
  socket.on('close', () => fail(new Error('closed before the end of the response')))
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        reader = readResponse(resolve)
        fail = reject
        if (!cached) patch(request, numberAt)
        socket.write(request)
      }),
    close: () => socket.destroy(),
  }
}

/** Reads one response chunk by chunk, until it is complete. */
function readResponse(done: (received: Received) => void): (chunk: Buffer) => void {
  let unread: Buffer = Buffer.alloc(0)
  let head = ''
  let length: number | undefined
  let received = 0
  let tail: Buffer = Buffer.alloc(0)
  let start = unread
  let firstAt = 0
  return chunk => {
    if (head === '') {
      unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
      const end = unread.indexOf('\r\n\r\n')
      if (end < 0) return
      head = unread.toString('latin1', 0, end + 2)
      const promised = /\r\ncontent-length: (\d+)\r\n/i.exec(head)
      length = promised ? Number(promised[1]) : undefined
      chunk = unread.subarray(end + 4)
      if (chunk.length === 0 && length !== 0) return
    }
    if (firstAt === 0) {
      firstAt = performance.now()
      start = chunk
    }
    received += chunk.length
    if (length === undefined) {
      tail = Buffer.concat([tail, chunk.subarray(-lastChunk.length)]).subarray(-lastChunk.length)
    }
    const whole = length === undefined ? tail.equals(lastChunk) : received >= length
    if (whole) done({ status: Number(head.slice(9, 12)), head, start, firstAt, lastAt: performance.now() })
  }
}
