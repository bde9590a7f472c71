/** A worker: an upstream that sends 413 after the first megabyte of a request and closes without reading on. Posts its port. */

import { createServer } from 'node:net'
import { parentPort } from 'node:worker_threads'

const READ = 1_000_000
const RESPONSE = 'HTTP/1.1 413 Payload Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}'

const server = createServer(socket => {
  let size = 0
  socket.on('error', () => {})
  socket.on('data', chunk => {
    size += chunk.length
    if (size < READ) return
    socket.pause().removeAllListeners('data')
    socket.write(RESPONSE, () => socket.destroy())
  })
}).listen(0, '127.0.0.1', () => {
  const address = server.address()
  parentPort?.postMessage(typeof address === 'object' ? address?.port : undefined)
})
