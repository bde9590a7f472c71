/** The headers that authorize a request to an upstream, by the kind of its authorization. */

import type { Place } from './addresses.ts'
import type { Authorize } from './credentials/authorize.ts'
import { awsAuthorizer, checkAwsKey } from './credentials/aws.ts'
import { checkGoogleKey, googleAuthorizer } from './credentials/google.ts'
import type { Auth, UpstreamType } from './types/type.ts'

export type { Authorize, RequestToAuthorize } from './credentials/authorize.ts'

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

const authorizers: Readonly<Record<Auth, (type: UpstreamType, place: Place) => Authorize>> = {
  format:
    () =>
    (key, { format, headers }) =>
      format.authorize(key, headers),
  bearer: () => bearer,
  'api-key': () => key => ({ 'api-key': key }),
  optional: () => key => (key === '' ? {} : bearer(key)),
  aws: awsAuthorizer,
  google: googleAuthorizer,
}

export function authorizerOf(type: UpstreamType, place: Place = {}): Authorize {
  return authorizers[type.auth](type, place)
}

const checks: Partial<Record<Auth, (key: string) => Promise<void>>> = {
  aws: checkAwsKey,
  google: checkGoogleKey,
}

/**
 * Rejects if the key cannot be used with this type, and loads the libraries that the key needs. Call it when the
 * configuration is read, so that no call waits for them.
 */
export async function checkKey(type: UpstreamType, key: string): Promise<void> {
  const needsKey = type.auth !== 'optional' && type.auth !== 'aws' && type.auth !== 'google'
  if (needsKey && key === '') throw new Error(`${type.title} needs a key`)
  await checks[type.auth]?.(key)
}
