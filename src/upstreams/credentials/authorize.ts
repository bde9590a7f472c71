/** What a kind of authorization gets and returns. */

import type { Format } from '../../dialects/dialect.ts'

export interface RequestToAuthorize {
  format: Format
  /** The headers of the incoming request. */
  headers: Parameters<Format['authorize']>[1]
  method: string
  /** The address as it is sent. A signature contains it, and the body. */
  url: URL
  body: Buffer | null
}

/**
 * Returns the headers. `key`: the text of one of the upstream's keys; empty if it has none. It is synchronous for keys that
 * are sent as they are, and a promise for signatures and access tokens. It throws or rejects if the key cannot be used; the
 * error never contains it.
 */
export type Authorize = (
  key: string,
  request: RequestToAuthorize,
) => Record<string, string> | Promise<Record<string, string>>
