/** The request: its exact bytes, and what the dialect reads from them. */

import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Dialect, ParsedRequest } from '../dialects/dialect.ts'
import type { Scanned } from '../dialects/wire/json-limits.ts'
import { refusal } from '../errors.ts'
import { bodyDigest } from '../requests/body-digest.ts'
import { parseBody } from '../requests/parse-body.ts'
import { readBody } from '../requests/request-body.ts'
import { isLarge, nextTurn } from '../requests/turns.ts'

export class Call {
  readonly dialect: Dialect
  readonly parsed: ParsedRequest
  /** The route's path and the caller's query, as the provider gets them. */
  readonly target: string
  readonly #request: FastifyRequest
  #digest: string | undefined

  constructor(request: FastifyRequest, dialect: Dialect) {
    this.dialect = dialect
    this.parsed = dialect.parse(request.body, request.rawBody, request.bodyScan)
    this.target = targetOf(request, dialect)
    this.#request = request
  }

  /** Digest of all that makes two requests equal, whichever clients send them. Computed when first read. */
  get digest(): string {
    this.#digest ??= digestOf(this.#request, this.dialect)
    return this.#digest
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    dialect?: Dialect
  }
  interface FastifyRequest {
    /** The exact bytes of the body, decompressed. */
    rawBody: Buffer
    /** The members of the body and its long texts, by their place in its bytes. The parsed body has no long texts. */
    bodyScan: Scanned
    call: Call
  }
}

export default fp<{ bodyLimit: number }>(
  async (app, { bodyLimit }) => {
    app.decorateRequest('rawBody')
    app.decorateRequest('bodyScan')
    app.decorateRequest('call')

    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', async (request: FastifyRequest) => {
      request.rawBody = await readBody(request.raw, {
        limit: bodyLimit,
        checkSize: size => app.checkBodySize(request, size),
      })
      const { value, members, texts } = await parseBody(request.rawBody)
      request.bodyScan = { members, texts }
      return value
    })
    app.addContentTypeParser('*', async (request: FastifyRequest) => {
      const found = request.headers['content-type'] ?? 'none'
      throw refusal(
        'unsupported_media_type',
        `The content-type is ${JSON.stringify(found)}; send application/json.`,
        { reason: 'the content-type is not supported' },
      )
    })

    app.addHook('preValidation', function readCall(request, _reply, done) {
      const { dialect } = request.routeOptions.config
      if (!dialect) return done()
      if (!request.rawBody)
        return done(refusal('invalid_request', 'The request has no body; send a JSON object.'))
      request.call = new Call(request, dialect)
      if (isLarge(request.rawBody)) void nextTurn().then(() => done())
      else done()
    })
  },
  {
    name: 'call',
    dependencies: ['clients', 'lifecycle', 'overload'],
    decorators: { fastify: ['checkBodySize', 'clients'] },
  },
)

/** Uses the route's path, because an absolute target would name another host to the provider. */
function targetOf({ url }: FastifyRequest, { path }: Dialect): string {
  const query = url.indexOf('?')
  return query < 0 ? path : path + url.slice(query)
}

/** Two digests, because one of the concatenated parts needs a copy of the body or a Hash object, which costs more. */
function digestOf({ rawBody, url, headers, server }: FastifyRequest, { requestHeaders }: Dialect): string {
  let sent = `${url}\n`
  for (const name of requestHeaders) sent += `${headers[name] ?? ''}\n`
  return hash('sha256', sent + bodyDigest(rawBody, server.clients.secret), 'base64url')
}
