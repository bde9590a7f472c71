/** The baseline of the bench, a minimal Node proxy: an http server, an undici pool, piped bodies. */

import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, upstream: { type: 'string', default: '' } },
})
const pool = new Pool(values.upstream, { connections: 512 })

createServer({ keepAliveTimeout: 0 }, (request, response) => {
  const { host: _host, connection: _connection, 'transfer-encoding': _coding, ...headers } = request.headers
  const path = request.url ?? '/'
  pool.stream(
    { method: 'POST', path, headers, body: request },
    ({ statusCode, headers }) => {
      const { connection: _connection, 'keep-alive': _alive, 'transfer-encoding': _coding, ...kept } = headers
      return response.writeHead(statusCode, kept)
    },
    error => {
      if (error) response.destroy()
    },
  )
}).listen(Number(values.port), '127.0.0.1')

// A process that a signal kills writes no profile; one that exits does.
process.once('SIGTERM', () => process.exit())
