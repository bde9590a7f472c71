/** The start of a prompt: calls with the same start can use the same entry of the provider's prompt cache. */

import type { Member } from '../dialects/wire/json-scan.ts'

/** Bytes. A provider caches no prefix that is much shorter: the least is 1,024 tokens. */
const LENGTH = 2048

/** The first bytes of these members of the body, in this order, all together. */
export function promptStart(raw: Buffer, members: readonly Member[], names: readonly string[]): string {
  let start = ''
  for (const name of names) {
    const member = members.find(one => one.name === name)
    if (member)
      start += raw.toString(
        'latin1',
        member.start,
        Math.min(member.end, member.start + LENGTH - start.length),
      )
    if (start.length >= LENGTH) break
  }
  return start
}
