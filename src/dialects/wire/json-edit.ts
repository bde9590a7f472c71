/** Sets members in the bytes of a JSON object. All other bytes stay. */

import { byte } from './json-bytes.ts'
import { type Member, scanObject } from './json-scan.ts'
import { lazy } from './lazy.ts'

/** `text` replaces the bytes from `start` to `end`. */
interface Splice {
  start: number
  end: number
  text: string
}

export interface Editor {
  /** Sets a member of the object to a JSON text. */
  set(name: string, json: string): void
  /** Sets a member of a member. If the outer one is missing or null, it is created. */
  setIn(outer: string, name: string, json: string): void
}

/** Applies the changes of `edit`. Returns the same Buffer if there are none. */
export function edited(raw: Buffer, edit: (editor: Editor) => void): Buffer {
  // Most requests have no change, and are not scanned.
  const membersOf = lazy(() => scanObject(raw).members)
  const splices: Splice[] = []
  edit({
    set: (name, json) => splices.push(...setting(raw, 0, membersOf(), name, json)),
    setIn(outer, name, json) {
      const members = membersOf()
      const holder = members.find(member => member.name === outer)
      if (!holder || raw[holder.start] !== byte.openObject)
        return void splices.push(...setting(raw, 0, members, outer, `{${JSON.stringify(name)}:${json}}`))
      const inner = scanObject(raw.subarray(0, holder.end), holder.start).members
      splices.push(...setting(raw, holder.start, inner, name, json))
    },
  })
  return splices.length === 0 ? raw : spliced(raw, splices)
}

function setting(raw: Buffer, from: number, members: Member[], name: string, json: string): Splice[] {
  const found = members.find(member => member.name === name)
  if (found) {
    const { start, end } = found
    return raw.toString('utf8', start, end) === json ? [] : [{ start, end, text: json }]
  }
  const inside = raw.indexOf(byte.openObject, from) + 1
  const comma = members.length > 0 ? ',' : ''
  return [{ start: inside, end: inside, text: `${JSON.stringify(name)}:${json}${comma}` }]
}

function spliced(raw: Buffer, splices: Splice[]): Buffer {
  const parts: Buffer[] = []
  let done = 0
  for (const { start, end, text } of splices.toSorted((a, b) => a.start - b.start)) {
    parts.push(raw.subarray(done, start), Buffer.from(text))
    done = end
  }
  return Buffer.concat([...parts, raw.subarray(done)])
}
