/** The name of one request: on its answer, in the log and in the ledger. */

import { randomUUID } from 'node:crypto'

export function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`
}
