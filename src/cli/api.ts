/** The administration over HTTP. */

import { refused } from './errors.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Api {
  /** `path` is below /admin. Rejects with the server's own words; `also`: a status that is an answer, too. */
  call<Answer>(method: Method, path: string, body?: object, also?: number): Promise<Answer>
}

export function createApi(url: string, token: string): Api {
  const base = url.replace(/\/+$/, '')
  return {
    async call(method, path, body, also) {
      const answer = await fetch(`${base}/admin${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      }).catch(error => {
        throw refused(
          `No gateway answers at ${base} (${reasonOf(error)}). Start it with npm start, or set TOLLGATE_URL, or HOST and PORT.`,
        )
      })
      const text = await answer.text()
      if (answer.ok || (answer.status === also && !isProblem(answer)))
        return text === '' ? undefined : JSON.parse(text)
      throw refusalOf(answer, text, base)
    },
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}

function isProblem({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/problem+json') ?? false
}

function refusalOf(answer: Response, text: string, base: string) {
  const { status } = answer
  if (isProblem(answer)) {
    const { detail, errors: faults = [] } = JSON.parse(text)
    return refused(detail, { status, faults })
  }
  if (status === 404) return refused(`${base} has no administration: set ADMIN_TOKEN where the gateway runs.`)
  return refused(`${base} answered ${status}: ${text.slice(0, 300)}`)
}
