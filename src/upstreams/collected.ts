/** One small GET request to an upstream, with its whole response. */

import type { Pool } from 'undici'
import { type Failure, send } from './connection.ts'
import { codingsIn, decoded } from './encodings.ts'

/** `status` undefined: no response came, and `failure` says why. */
export interface Listed {
  status: number | undefined
  body: string
  failure: string
}

/** Bytes. The longest known list, of an aggregator, has less than 1 MB. */
const MOST = 16 * 1024 * 1024

const WORDS: Record<Failure, string> = {
  unreachable: 'no connection could be made',
  timeout: 'no response in time',
  cut: 'the connection ended before the response was whole',
  undecodable: 'the response cannot be decoded',
  credentials: 'the key cannot be used',
  aborted: 'no response in time',
}

/** Resolves in any case. */
export function collected(
  pool: Pool,
  request: { path: string; headers: Record<string, string> },
  timeoutMs: number,
): Promise<Listed> {
  const { promise, resolve } = Promise.withResolvers<Listed>()
  const chunks: Buffer[] = []
  let size = 0
  const fail = (failure: Failure) => resolve({ status: undefined, body: '', failure: WORDS[failure] })
  const line = send(
    pool,
    { method: 'GET', ...request, body: null },
    {
      head(status, headers) {
        const sink = {
          data(chunk: Buffer) {
            size += chunk.length
            if (size <= MOST) chunks.push(chunk)
            else line.abort()
            return true
          },
          end: () => resolve({ status, body: Buffer.concat(chunks).toString(), failure: '' }),
          fail,
        }
        return decoded(codingsIn(headers['content-encoding']), sink, () => line.resume())
      },
      fail,
    },
  )
  // `abort` does not stop a connection that is being made.
  const timer = setTimeout(() => {
    line.abort()
    fail('timeout')
  }, timeoutMs)
  return promise.finally(() => clearTimeout(timer))
}
