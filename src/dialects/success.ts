/** Checks that a 200 response has the members of a successful one. */

import { scanObject } from './json-scan.ts'

const NULL = Buffer.from('null')

/** Does a JSON object have all these members, none of them null? */
export function hasMembers(body: Buffer, names: readonly string[]): boolean {
  const { members } = scanObject(body)
  const present = members.filter(({ start, end }) => !body.subarray(start, end).equals(NULL))
  return names.every(name => present.some(member => member.name === name))
}
