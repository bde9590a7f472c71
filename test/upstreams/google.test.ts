import assert from 'node:assert/strict'
import { createVerify, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { anthropic } from '../../src/dialects/anthropic/format.ts'
import { authorizerOf, checkKey } from '../../src/upstreams/auth.ts'
import { typeOf } from '../../src/upstreams/types.ts'
import { localServer } from './local-server.ts'

const vertex = typeOf('vertex')
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const email = 'gateway@project.iam.gserviceaccount.com'
const account = (token_uri: string) =>
  JSON.stringify({
    type: 'service_account',
    client_email: email,
    private_key: privateKey,
    private_key_id: '1',
    token_uri,
  })
const call = {
  format: anthropic,
  headers: {},
  method: 'POST',
  url: new URL('https://aiplatform.googleapis.com/v1/x'),
  body: null,
}

/** A token endpoint whose tokens are numbered. */
function tokenServer(test: TestContext, expires_in = 3600) {
  let count = 0
  return localServer(test, () => ({
    body: { access_token: `token-${++count}`, expires_in, token_type: 'Bearer' },
  }))
}

describe('the key of a service account', () => {
  it('gets an access token for a signed assertion', async test => {
    const { url, requests } = await tokenServer(test)
    const headers = await authorizerOf(vertex)(account(`${url}/token`), call)
    assert.deepEqual(headers, { authorization: 'Bearer token-1' })

    const { method, target, body } = requests[0] ?? assert.fail()
    assert.deepEqual([method, target], ['POST', '/token'])
    const form = new URLSearchParams(body.toString())
    assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.')
    const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`)
    assert.equal(verify.verify(publicKey, signature, 'base64url'), true)
    const { iss, scope, aud } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    assert.deepEqual(
      { iss, scope, aud },
      { iss: email, scope: 'https://www.googleapis.com/auth/cloud-platform', aud: `${url}/token` },
    )
  })

  it('keeps a token for all calls until it expires', async test => {
    const { url, requests } = await tokenServer(test)
    const authorize = authorizerOf(vertex)
    const key = account(`${url}/token`)
    const all = await Promise.all([1, 2, 3].map(() => authorize(key, call)))
    for (const headers of [...all, await authorize(key, call)])
      assert.deepEqual(headers, { authorization: 'Bearer token-1' })
    assert.equal(requests.length, 1)
  })

  it('gets another token when the first one expires', async test => {
    const { url } = await tokenServer(test, 1)
    const authorize = authorizerOf(vertex)
    const key = account(`${url}/token`)
    assert.deepEqual(await authorize(key, call), { authorization: 'Bearer token-1' })
    assert.deepEqual(await authorize(key, call), { authorization: 'Bearer token-2' })
  })

  it('is refused without its text', async test => {
    const { url } = await localServer(test, () => ({
      status: 400,
      body: { error: 'invalid_grant', error_description: `no account ${email}` },
    }))
    await assert.rejects(async () => authorizerOf(vertex)(account(`${url}/token`), call), {
      message: 'Google gives no access token: status 400',
    })
  })
})

describe('an invalid key', () => {
  it('is named without its text', async () => {
    const message = "the key of Google's service account is JSON with client_email and private_key"
    for (const key of ['AIzaSecret', '{"client_email":"a@b"}', '{"private_key":"secret"}']) {
      await assert.rejects(checkKey(vertex, key), { message })
      assert.throws(() => authorizerOf(vertex)(key, call), { message })
    }
    const unreadable = JSON.stringify({ client_email: 'a@b', private_key: 'secret' })
    await assert.rejects(async () => authorizerOf(vertex)(unreadable, call), {
      message: 'Google gives no access token: no response',
    })
  })
})

describe('without a key', () => {
  it('the application default credentials are used', async test => {
    const { url, requests } = await tokenServer(test)
    const folder = await mkdtemp(join(tmpdir(), 'adc-'))
    const [subject, file] = [join(folder, 'subject'), join(folder, 'adc.json')]
    await writeFile(subject, 'a-subject-token')
    await writeFile(
      file,
      JSON.stringify({
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${url}/sts`,
        credential_source: { file: subject },
      }),
    )
    process.env.GOOGLE_APPLICATION_CREDENTIALS = file
    test.after(async () => {
      delete process.env.GOOGLE_APPLICATION_CREDENTIALS
      await rm(folder, { recursive: true })
    })
    await checkKey(vertex, '')
    assert.deepEqual(await authorizerOf(vertex, { project: 'project' })('', call), {
      authorization: 'Bearer token-1',
    })
    assert.equal(new URLSearchParams(requests[0]?.body.toString()).get('subject_token'), 'a-subject-token')
  })
})
