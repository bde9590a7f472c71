/** Opens a request: one JSON object, of sane depth, with one meaning in all that the gateway relies on. */

import { readBody } from './fields.ts'
import type { JsonObject } from './json.ts'
import { scanObject } from './json-scan.ts'
import { type Relied, refuseDepth, refuseRepeats } from './repeats.ts'

/** `raw` must be the bytes that `body` was parsed from. */
export function openRequest(body: unknown, raw: Buffer, relied: Relied): JsonObject {
  const request = readBody(body)
  const { members, depth } = scanObject(raw)
  refuseDepth(depth)
  refuseRepeats(request, members, relied)
  return request
}
