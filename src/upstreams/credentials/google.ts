/**
 * Google: an access token for the key of a service account. Without a key, the application default credentials: a file
 * that `GOOGLE_APPLICATION_CREDENTIALS` names, gcloud's own, or the machine's service account. The library keeps a token and
 * renews it before it expires.
 */

import type { GoogleAuth, JWT } from 'google-auth-library'
import { isObject, parseObject, textIn } from '../../dialects/wire/json.ts'
import { lru } from '../../lru.ts'
import type { Place } from '../addresses.ts'
import type { UpstreamType } from '../types/type.ts'
import type { Authorize } from './authorize.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const TOKEN_URL = 'https://oauth2.googleapis.com/token'

type Client = Pick<JWT | GoogleAuth, 'getRequestHeaders'>

const load = () => import('google-auth-library')

interface ServiceAccount {
  email: string
  key: string
  keyId: string | undefined
  tokenUrl: string
}

function accountIn(text: string): ServiceAccount {
  const { client_email, private_key, private_key_id, token_uri } = parseObject(text) ?? {}
  const [email, key] = [textIn(client_email), textIn(private_key)]
  if (!email || !key)
    throw new Error("the key of Google's service account is JSON with client_email and private_key")
  return { email, key, keyId: textIn(private_key_id), tokenUrl: textIn(token_uri) ?? TOKEN_URL }
}

export async function checkGoogleKey(key: string): Promise<void> {
  if (key !== '') accountIn(key)
  await load()
}

/** The most clients that are kept: one for each key in use, and some for keys that were replaced. */
const CLIENTS = 20

export function googleAuthorizer(_: UpstreamType, { project }: Place): Authorize {
  const clients = lru<Promise<Client>>(CLIENTS)

  return key => {
    let client = clients.get(key)
    if (!client) {
      client = key === '' ? defaultClient(project) : clientOf(accountIn(key))
      clients.set(key, client)
    }
    return headersOf(client)
  }
}

/** With a `project` the library does not look for one. */
async function defaultClient(project: string | undefined): Promise<Client> {
  const { GoogleAuth } = await load()
  return new GoogleAuth({ scopes: SCOPE, ...(project !== undefined && { projectId: project }) })
}

async function clientOf({ email, key, keyId, tokenUrl }: ServiceAccount): Promise<Client> {
  const { JWT } = await load()
  const client = new JWT({ email, key, ...(keyId && { keyId }), scopes: SCOPE })
  if (tokenUrl !== TOKEN_URL) useTokenUrl(client, tokenUrl)
  return client
}

/** The library ignores the `token_uri` of a key. Private installations and tests have their own. */
function useTokenUrl(client: JWT, tokenUrl: string): void {
  client.additionalClaims = { aud: tokenUrl }
  client.transporter.interceptors.request.add({
    resolved: async options => ({ ...options, url: new URL(tokenUrl) }),
  })
}

async function headersOf(client: Promise<Client>): Promise<Record<string, string>> {
  try {
    return Object.fromEntries(await (await client).getRequestHeaders())
  } catch (error) {
    // The library's own error has the request with the signed assertion.
    const response = isObject(error) && isObject(error.response) ? error.response : {}
    const reason = typeof response.status === 'number' ? `status ${response.status}` : 'no response'
    throw new Error(`Google gives no access token: ${reason}`)
  }
}
