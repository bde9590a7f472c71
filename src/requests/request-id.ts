/** The id of a request, in its response, in the log and in the ledger. */

import { randomUUID } from 'node:crypto'

export function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`
}
