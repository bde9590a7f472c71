/** What HTTP itself demands of a request. Node would refuse these without a body, and without a request id. */

import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { refusal } from '../errors.ts'

export default fp(
  async (app: FastifyInstance) => {
    // Where nothing listens, Node refuses by itself.
    app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))

    app.addHook('onRequest', function checkProtocol({ headers, raw }, _reply, done) {
      const { expect } = headers
      if (headers.host === undefined && raw.httpVersion === '1.1')
        throw refusal('invalid_request', 'The request has no Host header; HTTP/1.1 requires one.')
      if (expect !== undefined && expect.toLowerCase() !== '100-continue')
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
