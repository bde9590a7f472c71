/** The administration, asked by the page: the same calls as anyone's, with the token of who is signed in. */

import { end, session } from './session.js'

/** @import { Fault } from './types.ts' */

/** What went wrong, in the administration's own words. */
export class Failure extends Error {
  /**
   * @param {number} status 0: no answer at all
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
  // A token that was good and is not any more; a wrong one at the door is the door's business.
  if (failure.status === 401 && token === undefined)
    end('Your token is not accepted any more. Sign in again.')
  throw failure
}

/**
 * The answer, read. The type is what the caller knows the administration answers there.
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
 * A question's text. What is empty is left out.
 * @param {string} path
 * @param {Record<string, string | undefined>} query
 */
export function question(path, query) {
  const asked = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []))
  const text = new URLSearchParams(asked).toString()
  return text ? `${path}?${text}` : path
}
