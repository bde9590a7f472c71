/** The start of a prompt: calls with the same start can use the same entry of the provider's prompt cache. */

import type { Member } from '../dialects/wire/json-scan.ts'
import { hashBytes } from '../upstreams/text-hash.ts'

/** Bytes. A provider caches no prefix that is much shorter: the least is 1,024 tokens. */
const LENGTH = 2048

/** Hash of the first bytes of these members of the body, in this order, all together. `hash` is that of what comes before. */
export function hashPromptStart(
  raw: Buffer,
  members: readonly Member[],
  names: readonly string[],
  hash: number,
): number {
  let sum = hash
  let left = LENGTH
  for (const name of names) {
    const member = members.find(one => one.name === name)
    if (!member || left === 0) continue
    const end = Math.min(member.end, member.start + left)
    sum = hashBytes(raw, member.start, end, sum)
    left -= end - member.start
  }
  return sum
}
