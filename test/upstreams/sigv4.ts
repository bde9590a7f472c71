/** Verifies AWS signatures (version 4), written from their specification. */

import { createHash, createHmac } from 'node:crypto'

export interface SignedRequest {
  method: string
  /** Path and query as sent. */
  target: string
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Buffer
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()

/** Returns the parts of the `authorization` header, and the signature that it should have. */
export function expectedSignature(request: SignedRequest, secret: string) {
  const { headers } = request
  const given = /^AWS4-HMAC-SHA256 Credential=(.+), SignedHeaders=(.+), Signature=(\w{64})$/.exec(
    String(headers.authorization),
  )
  if (!given) throw new Error(`no signature: ${headers.authorization}`)
  const [, credential = '', signedHeaders = '', signature = ''] = given
  const [accessKeyId = '', day = '', region = '', service = '', end = ''] = credential.split('/')
  const scope = [day, region, service, end].join('/')
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical(request, signedHeaders))]
  const key = [day, region, service, end].reduce<string | Buffer>(hmac, `AWS4${secret}`)
  const expected = hmac(typeof key === 'string' ? Buffer.from(key) : key, text.join('\n')).toString('hex')
  return { accessKeyId, region, service, signedHeaders, signature, expected }
}

function canonical({ method, target, headers, body }: SignedRequest, signedHeaders: string): string {
  const [path = '', query = ''] = target.split('?')
  const names = signedHeaders.split(';')
  return [
    method,
    // Each segment is encoded once more than it was sent.
    path.split('/').map(escaped).join('/'),
    query
      .split('&')
      .filter(pair => pair !== '')
      .map(pair => (pair.includes('=') ? pair : `${pair}=`))
      .toSorted()
      .join('&'),
    ...names.map(name => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    sha256(body),
  ].join('\n')
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    one => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
