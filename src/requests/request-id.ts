/** The id of a request, in its response, in the log and in the ledger. */

import { randomFillSync } from 'node:crypto'

const BYTES = 16
/** Random bytes for 256 ids, because each question to the generator costs more than an id. */
const pool = Buffer.alloc(256 * BYTES)
let used = pool.length

export function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += BYTES
  return `req_${pool.toString('hex', used - BYTES, used)}`
}
