/** Checks that a request is a JSON object without repeated members that the gateway reads. */

import { type MembersRead, refuseDuplicateKeys } from './duplicate-keys.ts'
import { readBody } from './fields.ts'
import type { JsonObject } from './json.ts'
import type { Scanned } from './json-limits.ts'
import { scanObject } from './json-scan.ts'
import { completionNames, maxOutputNames } from './output-bound.ts'
import { unboundedNames } from './unbounded.ts'

/** Members that the gateway reads on every route. */
const shared = {
  fields: [...completionNames, ...maxOutputNames, 'speed', 'inference_geo'],
  containers: [...unboundedNames, 'prediction'],
}

/** Adds the shared members to a route's own `fields` (only their value is read) and `containers` (their content is read too). */
export function membersRead({
  fields,
  containers,
}: Record<'fields' | 'containers', readonly string[]>): MembersRead {
  const inside = new Set([...containers, ...shared.containers])
  return { known: new Set([...fields, ...shared.fields, ...inside]), containers: inside }
}

/** A body with its bytes, and what a scan has found in them already. Its long texts are not in the body. */
export type Sent = [body: unknown, raw: Buffer, scanned?: Scanned]

export interface OpenRequest extends Scanned {
  request: JsonObject
  raw: Buffer
}

export function openRequest([body, raw, found]: Sent, read: MembersRead): OpenRequest {
  const request = readBody(body)
  const { members, texts } = found ?? { ...scanObject(raw), texts: [] }
  refuseDuplicateKeys(request, members, read)
  return { request, raw, members, texts }
}
