/** Requests to the admin API, with the token of this tab. */

import { end, session } from './session.js'

/** @import { Fault } from './types.ts' */

/** The failure of a request, with the message of the admin API. */
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

const UNREACHABLE = 'The gateway does not respond. It may be restarting, or the network is down.'

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
  let response
  try {
    response = await fetch(`/admin${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Failure(0, UNREACHABLE)
  }
  if (response.ok) return response
  const failure = await failureOf(response)
  // The token of the session was revoked or has expired. The sign-in form handles a wrong token itself.
  if (failure.status === 401 && token === undefined)
    end('The token was revoked or has expired. Sign in again.')
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
  const response = await request(path, options)
  const text = await response.text()
  return JSON.parse(text || 'null')
}

/** @param {string} token @returns {Promise<{ name: string, role: string }>} */
export function whoami(token) {
  return api('/whoami', { token })
}

/** @param {Response} response */
async function failureOf(response) {
  const body = await response.json().catch(() => ({}))
  const wait = Number(response.headers.get('retry-after'))
  const detail = typeof body.detail === 'string' ? body.detail : `The gateway answered ${response.status}.`
  return new Failure(response.status, detail, {
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
