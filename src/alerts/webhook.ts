/** The webhook: one signed POST without redirects. An error contains neither its URL nor its secret nor its response. */

import { createHmac } from 'node:crypto'
import { Agent, request } from 'undici'
import type { RaisedAlert } from './alert.ts'
import { messageOf } from './message.ts'
import type { Sender } from './sender.ts'

export interface Webhook {
  /** Resolves to the receiver's status, a 2xx. Rejects with an Undelivered. */
  send(alert: RaisedAlert): Promise<number>
  close(): Promise<void>
}

export interface Undelivered extends Error {
  /** Milliseconds of the receiver's `retry-after`. */
  retryAfterMs: number
  /** The receiver's status; undefined: no answer. */
  status: number | undefined
}

export interface WebhookOptions {
  url: string
  /** Signs the body where it is set. */
  secret?: string | undefined
  sender: Sender
  /** The limit on the whole attempt, in milliseconds. */
  timeoutMs: number
}

const LONGEST_WAIT = 600_000
const RESPONSE_BYTES = 65_536

export function openWebhook({ url, secret, sender, timeoutMs }: WebhookOptions): Webhook {
  const dispatcher = new Agent({ connect: { timeout: timeoutMs } })

  async function post(alert: RaisedAlert): Promise<{ status: number; retryAfter: unknown }> {
    const sentAt = new Date()
    const content = messageOf(alert, sentAt, sender)
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(secret && signature(secret, content, sentAt)) },
      body: content,
      signal: AbortSignal.timeout(timeoutMs),
    })
    await body.dump({ limit: RESPONSE_BYTES })
    return { status: statusCode, retryAfter: headers['retry-after'] }
  }

  return {
    async send(alert) {
      const { status, retryAfter } = await post(alert).catch(error => {
        throw undelivered(wordsFor(error, timeoutMs))
      })
      if (status < 200 || status > 299)
        throw undelivered(`the webhook answered ${status}`, status, retryAfter)
      return status
    },
    close: () => dispatcher.destroy(),
  }
}

/** The signature is over the body's exact bytes. The time is a copy of `sentAt` in the body, where it is signed as well. */
function signature(secret: string, content: string, sentAt: Date): Record<string, string> {
  return {
    'x-tollgate-signature': `sha256=${createHmac('sha256', secret).update(content).digest('hex')}`,
    'x-tollgate-timestamp': sentAt.toISOString(),
  }
}

export function isUndelivered(error: unknown): error is Undelivered {
  return error instanceof Error && 'retryAfterMs' in error
}

function undelivered(message: string, status?: number, retryAfter?: unknown): Undelivered {
  const seconds = Number(retryAfter)
  const retryAfterMs = seconds > 0 ? Math.min(seconds * 1000, LONGEST_WAIT) : 0
  return Object.assign(new Error(message), { retryAfterMs, status })
}

/** An error's own message may quote the URL, which is a secret: its code says enough. */
function wordsFor(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'the webhook failed'
  if (error.name === 'TimeoutError') return `the webhook did not answer within ${timeoutMs} ms`
  return `the webhook cannot be reached: ${'code' in error ? error.code : error.name}`
}
