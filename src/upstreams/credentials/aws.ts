/**
 * AWS: a Bedrock API key is sent as a bearer token. Credentials of IAM sign each request (SigV4). Without a key, the
 * credentials come from where AWS's SDKs look for them: environment, files, web identity, container, instance.
 */

import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import type { SignatureV4 } from '@smithy/signature-v4'
import { isObject, parseObject, textIn } from '../../dialects/wire/json.ts'
import { lru } from '../../lru.ts'
import type { Place } from '../addresses.ts'
import type { UpstreamType } from '../types/type.ts'
import type { Authorize, RequestToAuthorize } from './authorize.ts'

interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** The id of an access key and its secret. An API key has no colon. */
const PAIR = /^([A-Z0-9]{16,128}):([^:]+)(?::(.+))?$/s

/** Returns undefined for an API key. */
function credentialsIn(key: string): Credentials | undefined {
  if (!key.startsWith('{')) {
    const [, accessKeyId, secretAccessKey, sessionToken] = PAIR.exec(key) ?? []
    return accessKeyId && secretAccessKey
      ? { accessKeyId, secretAccessKey, ...named(sessionToken) }
      : undefined
  }
  const { accessKeyId, secretAccessKey, sessionToken } = parseObject(key) ?? {}
  const [id, secret] = [textIn(accessKeyId), textIn(secretAccessKey)]
  if (!id || !secret) throw new Error('the AWS credentials need accessKeyId and secretAccessKey')
  return { accessKeyId: id, secretAccessKey: secret, ...named(textIn(sessionToken)) }
}

const named = (sessionToken: string | undefined) => (sessionToken ? { sessionToken } : {})

const loadSigner = () => import('@smithy/signature-v4')
const loadChain = () => import('@aws-sdk/credential-provider-node')

export async function checkAwsKey(key: string): Promise<void> {
  if (key === '') await loadChain()
  if (key === '' || credentialsIn(key)) await loadSigner()
}

/** The most signers that are kept: one for each key in use, and some for keys that were replaced. */
const SIGNERS = 20

export function awsAuthorizer({ services = {} }: UpstreamType, { region }: Place): Authorize {
  const signers = lru<Promise<SignatureV4>>(SIGNERS)

  return (key, request) => {
    const credentials = key === '' ? undefined : credentialsIn(key)
    if (key !== '' && !credentials) return { authorization: `Bearer ${key}` }
    // In the host name of a private endpoint, other parts come before these.
    const labels = request.url.hostname.split('.')
    const service =
      services[labels.find(label => Object.hasOwn(services, label)) ?? ''] ?? Object.values(services)[0] ?? ''
    const place = region ?? labels.find(label => REGION.test(label))
    if (place === undefined) throw new Error('region is missing; signatures of AWS need it')
    const id = `${service} ${place} ${key}`
    let signer = signers.get(id)
    if (!signer) {
      signer = createSigner(credentials, service, place)
      signers.set(id, signer)
    }
    return signed(signer, request)
  }
}

/** Such as `us-gov-west-1`. */
const REGION = /^[a-z]+(-[a-z]+)+-\d$/

async function createSigner(
  credentials: Credentials | undefined,
  service: string,
  region: string,
): Promise<SignatureV4> {
  const { SignatureV4 } = await loadSigner()
  // The chain renews credentials that expire.
  const source = credentials ?? (await loadChain()).defaultProvider()
  return new SignatureV4({ service, region, credentials: source, sha256: Sha256 })
}

async function signed(
  signer: Promise<SignatureV4>,
  { method, url, body }: RequestToAuthorize,
): Promise<Record<string, string>> {
  const request = {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: queryIn(url),
    headers: { host: url.host },
    body: body ?? undefined,
  }
  const { host: _, ...headers } = await ready(signer, request)
  return headers
}

async function ready(signer: Promise<SignatureV4>, request: Parameters<SignatureV4['sign']>[0] & object) {
  try {
    return (await (await signer).sign(request)).headers
  } catch (error) {
    // The library's own message may quote a credential.
    const name = isObject(error) ? textIn(error.name) : undefined
    throw new Error(`AWS credentials are missing or cannot sign: ${name ?? 'unknown error'}`)
  }
}

function queryIn({ searchParams }: URL): Record<string, string[]> {
  const query: Record<string, string[]> = {}
  for (const [name, value] of searchParams) query[name] = [...(query[name] ?? []), value]
  return query
}

type Bytes = string | ArrayBuffer | ArrayBufferView

/** Node's SHA-256 in the form that the signer expects. With a secret it is an HMAC. */
class Sha256 {
  readonly #secret: Bytes | undefined
  #hash: Hash | Hmac
  constructor(secret?: Bytes) {
    this.#secret = secret
    this.#hash = hashWith(secret)
  }
  update(data: Bytes): void {
    this.#hash.update(bytesOf(data))
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {
    this.#hash = hashWith(this.#secret)
  }
}

function hashWith(secret: Bytes | undefined): Hash | Hmac {
  return secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
}

function bytesOf(data: Bytes): Buffer {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data)
}
