/** The administration over HTTP. */

import { refused } from './command.ts'

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
          `No gateway answers at ${base} (${reasonOf(error)}). Start it with npm start, or set TOLLGATE_URL.`,
        )
      })
      const text = await answer.text()
      if (answer.ok || (answer.status === also && !isProblem(answer)))
        return text === '' ? undefined : JSON.parse(text)
      throw refused(wordsOf(answer, text, base))
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

function wordsOf(answer: Response, text: string, base: string): string {
  const { status } = answer
  if (isProblem(answer)) return JSON.parse(text).detail
  if (status === 404) return `${base} has no administration: set ADMIN_TOKEN where the gateway runs.`
  return `${base} answered ${status}: ${text.slice(0, 300)}`
}
