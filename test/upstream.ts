/** An upstream whose responses the test writes itself. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'

/** `respond` is called once a request has been read whole. Resolves to the base URL. */
export async function upstream(
  t: TestContext,
  respond: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => respond(response, request))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

/** Responds to every request with status 200 and this body. */
export function fixedUpstream(
  t: TestContext,
  type: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<string> {
  return upstream(t, response => response.writeHead(200, { 'content-type': type, ...headers }).end(body))
}
