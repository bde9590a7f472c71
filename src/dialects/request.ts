/** Opens a request: one JSON object, with one meaning in all that the gateway relies on. */

import { readBody } from './fields.ts'
import type { JsonObject } from './json.ts'
import { scanObject } from './json-scan.ts'
import { type Relied, refuseRepeats } from './repeats.ts'

/** `raw` must be the bytes that `body` was parsed from. */
export function openRequest(body: unknown, raw: Buffer, relied: Relied): JsonObject {
  const request = readBody(body)
  refuseRepeats(request, scanObject(raw).members, relied)
  return request
}
