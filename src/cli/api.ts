/** Sends requests to the admin API. */

import { requestError } from './errors.ts'

const NO_CONTENT = 204

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Api {
  /**
   * `path` is relative to /admin. `accepted`: an error status whose body is a response as well. Rejects with the text of
   * the gateway's error.
   */
  call<Body>(method: Method, path: string, body?: object, accepted?: number): Promise<Body>
}

export function createApi(url: string, token: string): Api {
  const base = url.replace(/\/+$/, '')
  const failAway = (error: unknown): never => {
    throw requestError(
      `No gateway responds at ${base} (${reasonOf(error)}). Start it with npm start, or set TOLLGATE_URL, or HOST and PORT.`,
    )
  }
  return {
    async call(method, path, body, accepted) {
      const response = await fetch(`${base}/admin${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      }).catch(failAway)
      const text = await response.text().catch(failAway)
      if (response.ok || (response.status === accepted && !isProblem(response)))
        return response.status === NO_CONTENT ? undefined : parsed(text, base)
      throw errorOf(response, text, base)
    },
  }
}

/** A login page or another server may respond at this address. */
function parsed(text: string, base: string) {
  try {
    return JSON.parse(text)
  } catch {
    throw requestError(
      `${base} responded with text that is not JSON, so it is no gateway. Correct TOLLGATE_URL, or HOST and PORT.`,
    )
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}

function isProblem({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/problem+json') ?? false
}

function errorOf(response: Response, text: string, base: string) {
  const { status } = response
  if (isProblem(response)) {
    const { detail, errors: faults = [] } = JSON.parse(text)
    return requestError(detail, { status, faults })
  }
  if (status === 404) return requestError(`${base} has no admin API: set ADMIN_TOKEN where the gateway runs.`)
  return requestError(`${base} responded with ${status}: ${text.slice(0, 300)}`)
}
