/** What is asked: the exact bytes, and what the dialect reads from them. */

import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Ask, Dialect } from '../dialects/dialect.ts'
import { refusal } from '../errors.ts'

export interface Call {
  dialect: Dialect
  ask: Ask
  /** The route's path and the caller's query, as the provider gets them. */
  target: string
  /** SHA-256 of everything that makes two requests the same one, whoever sends them. */
  digest: string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    dialect?: Dialect
  }
  interface FastifyRequest {
    /** The body, byte for byte. */
    rawBody: Buffer
    call: Call
  }
}

export default fp<{ bodyLimit: number }>(
  async (app, { bodyLimit }) => {
    app.decorateRequest('rawBody')
    app.decorateRequest('call')

    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', async (request: FastifyRequest) => {
      request.rawBody = await readBody(request, bodyLimit)
      return parse(request.rawBody)
    })
    app.addContentTypeParser('*', async (request: FastifyRequest) => {
      const found = request.headers['content-type'] ?? 'none'
      throw refusal(
        'unsupported_media_type',
        `The content-type is ${JSON.stringify(found)}; send application/json.`,
        { reason: 'the content-type is another one' },
      )
    })

    app.addHook('preHandler', function readCall(request, _reply, done) {
      const { dialect } = request.routeOptions.config
      if (!dialect) return done()
      if (!request.rawBody)
        return done(refusal('invalid_request', 'The request has no body; send a JSON object.'))
      const ask = dialect.ask(request.body, request.rawBody)
      request.call = { dialect, ask, target: targetOf(request, dialect), digest: digestOf(request) }
      done()
    })
  },
  { name: 'call', dependencies: ['lifecycle'] },
)

/** Never the target as it was sent: an absolute one would name another host to the provider. */
function targetOf({ url }: FastifyRequest, { path }: Dialect): string {
  const query = url.indexOf('?')
  return query < 0 ? path : path + url.slice(query)
}

/**
 * Collects the body up to `limit` bytes. What comes above it is not kept, and not cut off either: the caller is still
 * sending, and gets its answer first (lifecycle reads on for a while).
 */
function readBody(request: FastifyRequest, limit: number): Promise<Buffer> {
  const { raw, headers } = request
  const encoding = headers['content-encoding']
  if (encoding && encoding !== 'identity')
    throw refusal(
      'unsupported_media_type',
      `The body is compressed (${encoding}); send it with no content-encoding.`,
      { reason: 'the body is compressed' },
    )
  const tooLarge = (found: string) =>
    refusal('request_too_large', `The body has ${found} bytes; this gateway takes up to ${limit}.`)
  const declared = Number(headers['content-length'] ?? 0)
  if (declared > limit) throw tooLarge(String(declared))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const collect = (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) return void chunks.push(chunk)
      raw.off('data', collect)
      reject(tooLarge(`more than ${limit}`))
    }
    raw.on('data', collect)
    raw.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)))
    raw.once('error', () =>
      reject(refusal('invalid_request', 'The connection ended in the middle of the body.')),
    )
  })
}

function parse(body: Buffer): unknown {
  if (body.length === 0) throw refusal('invalid_request', 'The body is empty; send a JSON object.')
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    const where = error instanceof Error ? / at position \d+/.exec(error.message)?.[0] : undefined
    throw refusal(
      'invalid_request',
      `The body is not valid JSON${where ? ` (it breaks${where})` : ''}; send a JSON object.`,
    )
  }
}

function digestOf({ rawBody, url, headers }: FastifyRequest): string {
  return createHash('sha256')
    .update(
      `${url}\n${headers['anthropic-version'] ?? ''}\n${headers['anthropic-beta'] ?? ''}\n${headers['openai-beta'] ?? ''}\n`,
    )
    .update(rawBody)
    .digest('base64url')
}
