/** Reads the body of a request up to a limit, and decompresses it while it is read. */

import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { type Refusal, refusal } from '../errors.ts'
import { codingsIn, decoders, MOST_CODINGS } from '../upstreams/encodings.ts'

interface BodyOptions {
  /** Highest size in bytes, before and after decoding. */
  limit: number
  /** Called with the bytes held so far; a refusal ends the reading. */
  checkSize?(size: number): Refusal | undefined
}

/**
 * Resolves to the decoded body. Rejects as soon as it is too large, before or after decoding; the request itself is not
 * destroyed, so that a caller that is still sending gets the response.
 */
export async function readBody(raw: IncomingMessage, { limit, checkSize }: BodyOptions): Promise<Buffer> {
  const { headers } = raw
  const stages = stagesFor(headers['content-encoding'])
  const tooLarge = (found: string) =>
    refusal('request_too_large', `The body has ${found} bytes; this gateway takes up to ${limit}.`)
  const declared = Number(headers['content-length'] ?? 0)
  if (declared > limit) throw tooLarge(String(declared))

  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const parts: Readable[] = [raw, ...stages]
  const last = stages.reduce<Readable>((from, to) => from.pipe(to), raw)
  const body = new Collected(stages.length === 0 ? declared : 0)
  for (const part of parts) {
    let size = 0
    part.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) return fail(tooLarge(`more than ${limit}${stages.length > 0 ? ' decoded' : ''}`))
      if (part !== last) return
      body.add(chunk)
      const refused = checkSize?.(size)
      if (refused) fail(refused)
    })
  }
  raw.once('error', () => fail(refusal('invalid_request', 'The connection ended in the middle of the body.')))
  for (const stage of stages) stage.once('error', () => fail(corrupt(headers['content-encoding'])))
  last.once('end', () => resolve(body.whole()))
  return promise

  function fail(error: Refusal) {
    raw.unpipe()
    for (const part of parts) part.removeAllListeners('data')
    for (const stage of stages) stage.on('error', () => {}).destroy()
    reject(error)
  }
}

/** Joins chunks. Those of a declared length are copied as they come, so that they are not held together with their copy. */
class Collected {
  readonly #chunks: Buffer[] = []
  readonly #declared: number
  #copy: Buffer | undefined
  #size = 0

  /** 0: the length is unknown. */
  constructor(declared: number) {
    this.#declared = declared
  }

  add(chunk: Buffer): void {
    if (this.#size === 0 && chunk.length < this.#declared) this.#copy = Buffer.allocUnsafeSlow(this.#declared)
    if (this.#copy) this.#copy.set(chunk, this.#size)
    else this.#chunks.push(chunk)
    this.#size += chunk.length
  }

  whole(): Buffer {
    if (this.#copy) return this.#copy.subarray(0, this.#size)
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
  }
}

/** Decoders for a list of codings, in the order in which they are undone. */
function stagesFor(header = ''): Transform[] {
  const applied = codingsIn(header)
  if (applied.length > MOST_CODINGS) throw unsupported(header, `at most ${MOST_CODINGS} codings`)
  return applied.reverse().map(coding => {
    const make = decoders.get(coding)
    if (!make) throw unsupported(header, [...decoders.keys()].join(', '))
    return make()
  })
}

function unsupported(header: string, expected: string): Refusal {
  return refusal(
    'unsupported_media_type',
    `The content-encoding is ${JSON.stringify(header)}; expected ${expected}, or none.`,
    {
      headers: { 'accept-encoding': [...decoders.keys()].join(', ') },
      reason: 'the content-encoding is not supported',
    },
  )
}

function corrupt(header = ''): Refusal {
  return refusal('invalid_request', `The body is not valid ${header}; send it again.`, {
    reason: 'the body cannot be decoded',
  })
}
