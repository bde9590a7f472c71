/** Compressed bodies are decoded within the limit, and a body that cannot be decoded gets an error in the route's format. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { ADMIN_TOKEN, type Gateway, message, startGateway } from '../gateway.ts'
import { rawCaller } from '../raw.ts'
import { until } from '../until.ts'

const LIMIT = 1_000_000
const body = Buffer.from(JSON.stringify(message('compressed 漢字')))
const zeros = Buffer.alloc(50_000_000)

async function arrange(t: TestContext) {
  const gateway = await startGateway(t, { env: { BODY_LIMIT_BYTES: String(LIMIT) } })
  return { gateway, key: await gateway.client({ name: 'frontend', budget: { day: 5 } }) }
}

async function send({ post }: Gateway, key: string, encoding: string, sent: Buffer) {
  const response = await post('/v1/messages', key, undefined, {
    body: new Uint8Array(sent),
    headers: { 'content-encoding': encoding },
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const decodable: [encoding: string, encode: (bytes: Buffer) => Buffer][] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['identity', bytes => bytes],
  ['identity, gzip', gzipSync],
  ['gzip, br', bytes => brotliCompressSync(gzipSync(bytes))],
]

test('a compressed body is forwarded decoded', async t => {
  const { gateway, key } = await arrange(t)
  for (const [encoding, encode] of decodable) {
    await t.test(encoding, async () => {
      // Each is another request, so that no response comes from the cache.
      const sent = Buffer.from(JSON.stringify(message(`compressed by ${encoding} 漢字`)))
      const { status, text } = await send(gateway, key, encoding, encode(sent))

      assert.equal(status, 200, text)
      const call = gateway.provider.calls.at(-1)
      assert.deepEqual(call?.body, sent)
      assert.equal(call?.headers['content-encoding'], undefined)
      assert.equal(call?.headers['content-length'], String(sent.length))
    })
  }
})

test('a body in an unknown encoding is refused with 415', async t => {
  const { gateway, key } = await arrange(t)
  for (const encoding of ['compress', 'gzip, exi', 'gzip, gzip, gzip']) {
    await t.test(encoding, async () => {
      const { status, headers, text } = await send(gateway, key, encoding, gzipSync(body))

      assert.equal(status, 415)
      assert.match(headers.get('accept-encoding') ?? '', /gzip.*br/)
      assert.equal(JSON.parse(text).type, 'error')
    })
  }
  assert.equal(gateway.provider.calls.length, 0)
})

const broken: [title: string, encoding: string, sent: Buffer][] = [
  ['JSON that is not compressed', 'gzip', body],
  ['the beginning of gzip', 'gzip', gzipSync(body).subarray(0, -5)],
  ['gzip with bytes behind it', 'gzip', Buffer.concat([gzipSync(body), Buffer.from('more')])],
  ['gzip with another checksum', 'gzip', Buffer.concat([gzipSync(body).subarray(0, -8), Buffer.alloc(8)])],
  ['the beginning of deflate', 'deflate', deflateSync(body).subarray(0, -5)],
  ['the beginning of brotli', 'br', brotliCompressSync(body).subarray(0, -5)],
  ['the beginning of zstd', 'zstd', zstdCompressSync(body).subarray(0, -5)],
  ['gzip that is said to be zstd', 'zstd', gzipSync(body)],
  ['gzip of what is no brotli', 'br, gzip', gzipSync(body)],
  ['nothing', 'gzip', Buffer.alloc(0)],
  [
    'zstd with a window that takes 128 MB of memory',
    'zstd',
    zstdCompressSync(zeros, { params: { [constants.ZSTD_c_windowLog]: 27 } }),
  ],
]

test('a body that cannot be decoded is refused with 400', async t => {
  const { gateway, key } = await arrange(t)
  for (const [title, encoding, sent] of broken) {
    await t.test(title, async () => {
      const { status, text } = await send(gateway, key, encoding, sent)

      assert.equal(status, 400, text)
      assert.match(JSON.parse(text).error.message, /^The body is not valid [\w, ]+; send it again\.$/)
    })
  }
  assert.equal(gateway.provider.calls.length, 0)
})

const bombs: [encoding: string, sent: Buffer][] = [
  ['gzip', gzipSync(zeros)],
  ['deflate', deflateSync(zeros)],
  ['br', brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['zstd', zstdCompressSync(zeros)],
  ['gzip, br', brotliCompressSync(gzipSync(zeros))],
]

test('a body that is too large after decoding is refused with 413', async t => {
  const { gateway, key } = await arrange(t)
  for (const [encoding, sent] of bombs) {
    await t.test(encoding, async () => {
      const { status, text } = await send(gateway, key, encoding, sent)

      assert.equal(status, 413, text)
      assert.match(text, /request_too_large/)
    })
  }
  assert.equal(gateway.provider.calls.length, 0)
  await until(async () => gateway.app.running.size === 0)
})

test('a body is refused once its decoded part is too large, while the caller is still sending', async t => {
  const { gateway, key } = await arrange(t)
  const caller = await rawCaller(gateway.url)
  const [half, length] = [gzipSync(zeros).subarray(0, 20_000), 900_000]
  caller.send(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\n` +
      `content-encoding: gzip\r\ncontent-length: ${length}\r\n\r\n`,
  )
  caller.send(half)

  const response = await caller.response()

  assert.equal(response.status, 413)
  caller.close()
})

test('the same body gets the same cached response, compressed or not', async t => {
  const { gateway, key } = await arrange(t)
  await send(gateway, key, 'identity', body)

  const headers = await until(async () => {
    const again = await send(gateway, key, 'gzip', gzipSync(body))
    return again.headers.get('x-cache') === 'HIT' && again.headers
  })

  assert.equal(headers.get('x-cache'), 'HIT')
})

test('a compressed body of the administration is decoded within its limit, or refused with a problem', async t => {
  const { gateway } = await arrange(t)
  const put = async (encoding: string, sent: Buffer) => {
    const response = await fetch(`${gateway.url}/admin/gateway`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        'content-type': 'application/json',
        'content-encoding': encoding,
      },
      body: new Uint8Array(sent),
    })
    const found = (await response.json()) as Record<string, unknown>
    return { status: response.status, headers: response.headers, found }
  }
  for (const [i, [encoding, encode]] of decodable.entries()) {
    const settings = { budget: { day: i } }
    const { status, found } = await put(encoding, encode(Buffer.from(JSON.stringify(settings))))
    assert.deepEqual([status, found.budget], [200, settings.budget], encoding)
  }

  const refused: [encoding: string, sent: Buffer, status: number, says: RegExp][] = [
    ['compress', Buffer.from('{}'), 415, /content-encoding is "compress"; expected gzip/],
    ['gzip, gzip, gzip', Buffer.from('{}'), 415, /at most 2 codings/],
    ['gzip', Buffer.from('{}'), 400, /not valid gzip/],
    ['br', gzipSync('{}'), 400, /not valid br/],
    ['gzip', gzipSync('{"budget":'), 400, /no JSON; send one JSON object/],
    ['gzip', gzipSync(''), 400, /No body came/],
    ['gzip', gzipSync(zeros), 413, /larger than \d+ bytes/],
    ['zstd', zstdCompressSync(zeros), 413, /larger than \d+ bytes/],
  ]
  for (const [encoding, sent, status, says] of refused) {
    const response = await put(encoding, sent)
    assert.equal(response.status, status, encoding)
    assert.match(String(response.headers.get('content-type')), /^application\/problem\+json/)
    assert.match(String(response.found.detail), says)
    assert.equal(response.found.requestId, response.headers.get('request-id'))
    if (status === 415) assert.match(response.headers.get('accept-encoding') ?? '', /gzip/)
  }
})
