/** Checks the requirements of HTTP. Node would accept these faults, or refuse them without a body and a request id. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Refusal, refusal } from '../errors.ts'

const VERSIONS = new Set(['1.0', '1.1'])
const EXPECTED = /^100-continue(\s*,\s*100-continue)*$/i
/** RFC 9110, 7.2: a name or an address, and a port. */
const HOST = /^(\[[\w:.%~-]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(:\d*)?$/i

export default fp(
  async (app: FastifyInstance) => {
    // Without listeners Node answers by itself, or sends a 100 before our 417.
    app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
    app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      if (EXPECTED.test(request.headers.expect ?? '')) response.writeContinue()
      app.server.emit('request', request, response)
    })

    app.addHook('onRequest', function checkProtocol({ headers, raw }, _reply, done) {
      if (!VERSIONS.has(raw.httpVersion)) throw unknownVersion(raw.httpVersion)
      checkHost(raw)
      const { expect, 'transfer-encoding': coding } = headers
      if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') throw unknownCoding(coding)
      if (expect !== undefined && !EXPECTED.test(expect))
        throw refusal(
          'expectation_failed',
          `The Expect header is ${JSON.stringify(expect)}; expected 100-continue, or none.`,
          { reason: 'the Expect header is not supported' },
        )
      done()
    })
  },
  { name: 'protocol', dependencies: ['error-handler', 'lifecycle'] },
)

/** Reads the raw headers, because Node shows only the first of a header that was sent twice. */
function checkHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  let found = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (++found > 1) throw refusal('invalid_request', 'The request has more than one Host header; send one.')
    if (!HOST.test(rawHeaders[i + 1]!)) throw invalidHost(rawHeaders[i + 1]!)
  }
  if (found === 0 && httpVersion === '1.1')
    throw refusal('invalid_request', 'The request has no Host header; HTTP/1.1 requires one.')
}

function invalidHost(found: string): Refusal {
  return refusal(
    'invalid_request',
    `The Host header is ${JSON.stringify(found)}; expected a host, and a port where it is not the default.`,
    { reason: 'the Host header is not valid' },
  )
}

function unknownVersion(found: string): Refusal {
  return refusal('invalid_request', `The request is of HTTP/${found}; send HTTP/1.1.`)
}

function unknownCoding(found: string): Refusal {
  return refusal(
    'invalid_request',
    `The transfer-encoding is ${JSON.stringify(found)}; expected chunked, or none.`,
    { reason: 'the transfer-encoding is not supported' },
  )
}
