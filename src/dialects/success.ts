/** Tells a successful JSON response from anything else that comes with status 200. */

import { scanObject } from './json-scan.ts'

const NULL = Buffer.from('null')

/** Does a JSON object have all these members, none of them null? */
export function hasMembers(body: Buffer, names: readonly string[]): boolean {
  const { members } = scanObject(body)
  const present = members.filter(({ start, end }) => !body.subarray(start, end).equals(NULL))
  return names.every(name => present.some(member => member.name === name))
}
