/** Checks that a request is a JSON object without repeated members that the gateway reads. */

import type { ParsedRequest } from '../dialect.ts'
import { type MembersRead, refuseDuplicateKeys } from './duplicate-keys.ts'
import { readBody } from './fields.ts'
import { type JsonObject, textIn } from './json.ts'
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

/** `raw` must be the bytes that `body` was parsed from. */
export function openRequest(
  body: unknown,
  raw: Buffer,
  read: MembersRead,
): { request: JsonObject; members: Member[] } {
  const request = readBody(body)
  const { members } = scanObject(raw)
  refuseDuplicateKeys(request, members, read)
  return { request, members }
}

/** A request may have these members on any route, for models of another provider. A value that is not a string is ignored. */
export function speedAndPlace({ speed, inference_geo }: JsonObject): Pick<ParsedRequest, 'speed' | 'geo'> {
  return { speed: textIn(speed), geo: textIn(inference_geo) }
}
