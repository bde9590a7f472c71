import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { request as send } from 'undici'
import { openai } from '../../src/dialects/openai/format.ts'
import { authorizerOf, checkKey } from '../../src/upstreams/auth.ts'
import { typeOf } from '../../src/upstreams/types.ts'
import { localServer } from './local-server.ts'
import { expectedSignature } from './sigv4.ts'

const bedrock = typeOf('bedrock')
const accessKeyId = 'AKIAIOSFODNN7EXAMPLE'
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const sessionToken = 'session+token/with=signs'
const body = Buffer.from('{"model":"us.anthropic.x-v1:0","text":"ä"}')

const call = (url: string, sent: Buffer | null = body) => ({
  format: openai,
  headers: {},
  method: sent ? 'POST' : 'GET',
  url: new URL(url),
  body: sent,
})

describe('the verifier of this test', () => {
  it('agrees with the published signature of a GET request', () => {
    const scope = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
    const published = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'
    const { expected } = expectedSignature(
      {
        method: 'GET',
        target: '/',
        headers: {
          host: 'example.amazonaws.com',
          'x-amz-date': '20150830T123600Z',
          authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${published}`,
        },
        body: Buffer.alloc(0),
      },
      secretAccessKey,
    )
    assert.equal(expected, published)
  })
})

/** Signs and sends a request, and returns what the server got. */
async function received(test: TestContext, key: string, target: string, sent: Buffer | null = body) {
  const { url, requests } = await localServer(test, () => ({ body: {} }))
  const { method, ...request } = call(url + target, sent)
  const authorize = authorizerOf(bedrock, { region: 'eu-west-1' })
  const headers = { ...(await authorize(key, { method, ...request })), 'content-type': 'application/json' }
  await (await send(request.url, { method: sent ? 'POST' : 'GET', headers, body: sent })).body.dump()
  return requests[0] ?? assert.fail()
}

describe('a request with credentials of IAM', () => {
  const pair = `${accessKeyId}:${secretAccessKey}`
  const targets = [
    '/openai/v1/chat/completions',
    '/anthropic/v1/messages?beta=true',
    '/model/us.anthropic.x-v1%3A0/(a)%20b?b=2&a=1%2F2&a=&c',
  ]
  for (const target of targets)
    for (const sent of [body, null])
      it(`is signed: ${sent ? 'POST' : 'GET'} ${target}`, async test => {
        const got = await received(test, pair, target, sent)
        const { expected, signature, ...found } = expectedSignature(got, secretAccessKey)
        assert.equal(signature, expected)
        assert.deepEqual(found, {
          accessKeyId,
          region: 'eu-west-1',
          service: 'bedrock',
          signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
        })
      })

  it('has the token of a session, which is signed', async test => {
    const keys = [
      `${pair}:${sessionToken}`,
      JSON.stringify({ accessKeyId, secretAccessKey, sessionToken }, null, 2),
    ]
    for (const key of keys) {
      const got = await received(test, key, '/anthropic/v1/messages')
      const { expected, signature, signedHeaders } = expectedSignature(got, secretAccessKey)
      assert.equal(signature, expected)
      assert.match(signedHeaders, /x-amz-security-token/)
      assert.equal(got.headers['x-amz-security-token'], sessionToken)
    }
  })

  it('without a key has those of the environment', async test => {
    process.env.AWS_ACCESS_KEY_ID = accessKeyId
    process.env.AWS_SECRET_ACCESS_KEY = secretAccessKey
    test.after(() => {
      delete process.env.AWS_ACCESS_KEY_ID
      delete process.env.AWS_SECRET_ACCESS_KEY
    })
    await checkKey(bedrock, '')
    const got = await received(test, '', '/openai/v1/responses')
    const { expected, signature } = expectedSignature(got, secretAccessKey)
    assert.equal(signature, expected)
  })

  it('takes the region and the service from the host', async () => {
    const scopeOf = async (host: string) => {
      const headers = await authorizerOf(bedrock)(pair, call(`https://${host}/v1/models`, null))
      return /Credential=\w+\/\d{8}\/([^,]+)/.exec(headers.authorization ?? '')?.[1]
    }
    assert.equal(await scopeOf('bedrock-runtime.us-east-1.amazonaws.com'), 'us-east-1/bedrock/aws4_request')
    assert.equal(
      await scopeOf('vpce-1-2.bedrock-runtime.us-gov-west-1.vpce.amazonaws.com'),
      'us-gov-west-1/bedrock/aws4_request',
    )
    assert.equal(
      await scopeOf('bedrock-mantle.ap-southeast-2.api.aws'),
      'ap-southeast-2/bedrock-mantle/aws4_request',
    )
  })

  it('is refused without a region', () => {
    assert.throws(() => authorizerOf(bedrock)(pair, call('http://127.0.0.1/')), /^Error: region is missing/)
  })
})

describe('an API key of Bedrock', () => {
  it('is sent at once as a bearer token', () => {
    const key = 'ABSKQmVkcm9ja0FQSUtleS1hYmNkOmVmZ2g='
    const headers = authorizerOf(bedrock)(key, call('https://bedrock-runtime.us-east-1.amazonaws.com/'))
    assert.deepEqual(headers, { authorization: `Bearer ${key}` })
  })
})

describe('invalid credentials', () => {
  it('are named without their text', async () => {
    for (const key of ['{"accessKeyId":"AKIASECRET"', '{"accessKeyId":"AKIASECRET"}', '{}']) {
      await assert.rejects(checkKey(bedrock, key), {
        message: 'the AWS credentials need accessKeyId and secretAccessKey',
      })
    }
  })
})
