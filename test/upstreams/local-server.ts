/** A server on this machine that keeps the requests it gets. */

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface Kept {
  method: string
  target: string
  headers: IncomingHttpHeaders
  body: Buffer
}

export async function localServer(
  test: TestContext,
  respond: (request: Kept) => { status?: number; body: object },
) {
  const requests: Kept[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const body = Buffer.concat(await request.toArray())
    const kept = { method, target: url, headers, body }
    requests.push(kept)
    const { status = 200, body: sent } = respond(kept)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(sent))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => server.close())
  const { port }: Pick<AddressInfo, 'port'> = addressOf(server.address())
  return { url: `http://127.0.0.1:${port}`, requests }
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address
}
