/** Checks that a request is a JSON object without repeated members that the gateway reads. */

import { type MembersRead, refuseDuplicateKeys } from './duplicate-keys.ts'
import { readBody } from './fields.ts'
import type { JsonObject } from './json.ts'
import { type Member, scanObject } from './json-scan.ts'
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

/** A body with its bytes, and the members in them, if a scan has found them already. */
export type Sent = [body: unknown, raw: Buffer, members?: readonly Member[]]

export interface OpenRequest {
  request: JsonObject
  raw: Buffer
  members: readonly Member[]
}

export function openRequest([body, raw, found]: Sent, read: MembersRead): OpenRequest {
  const request = readBody(body)
  const members = found ?? scanObject(raw).members
  refuseDuplicateKeys(request, members, read)
  return { request, raw, members }
}
