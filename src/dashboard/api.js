/** Requests to the admin API, with the token of this tab. */

import { end, session } from './session.js'

/** @import { Fault } from './types.ts' */

/** The failure of a request, in the words of the admin API. */
export class Failure extends Error {
  /**
   * @param {number} status 0: no response
   * @param {string} detail
   * @param {{ faults?: Fault[], retryAfter?: number, body?: unknown }} [more]
   */
  constructor(status, detail, { faults = [], retryAfter, body } = {}) {
    super(detail)
    this.status = status
    this.faults = faults
    this.retryAfter = retryAfter
    this.body = body
  }
}

const UNREACHABLE = 'The gateway does not answer. It may be restarting, or the network is away.'

/**
 * @param {string} path behind /admin
 * @param {{ method?: string, body?: unknown, token?: string, signal?: AbortSignal }} [options]
 */
export async function request(path, { method = 'GET', body, token, signal } = {}) {
  const headers = {
    authorization: `Bearer ${token ?? session.get()?.token ?? ''}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  /** @type {Response} */
  let answer
  try {
    answer = await fetch(`/admin${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Failure(0, UNREACHABLE)
  }
  if (answer.ok) return answer
  const failure = await failureOf(answer)
  // The token of the session was revoked or has expired. The sign-in form handles a wrong token itself.
  if (failure.status === 401 && token === undefined)
    end('Your token is not accepted any more. Sign in again.')
  throw failure
}

/**
 * The parsed body of the response. The caller names its type.
 * @template T
 * @param {string} path
 * @param {Parameters<typeof request>[1]} [options]
 * @returns {Promise<T>}
 */
export async function api(path, options) {
  const answer = await request(path, options)
  const text = await answer.text()
  return JSON.parse(text || 'null')
}

/** @param {string} token @returns {Promise<{ name: string, role: string }>} */
export function whoami(token) {
  return api('/whoami', { token })
}

/** @param {Response} answer */
async function failureOf(answer) {
  const body = await answer.json().catch(() => ({}))
  const wait = Number(answer.headers.get('retry-after'))
  const detail = typeof body.detail === 'string' ? body.detail : `The gateway answered ${answer.status}.`
  return new Failure(answer.status, detail, {
    faults: Array.isArray(body.errors) ? body.errors : [],
    body,
    ...(wait > 0 && { retryAfter: wait }),
  })
}

/**
 * The path with its query. Empty values are left out.
 * @param {string} path
 * @param {Record<string, string | undefined>} query
 */
export function question(path, query) {
  const asked = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []))
  const text = new URLSearchParams(asked).toString()
  return text ? `${path}?${text}` : path
}
