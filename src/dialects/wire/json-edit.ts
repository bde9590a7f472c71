/** Sets, renames and removes members in the bytes of a JSON object. All other bytes stay. */

import { byte } from './json-bytes.ts'
import { closingQuote, type Member, scanObject } from './json-scan.ts'
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
  /** Gives a member another name. If the object has a member with that name, it is removed if it is null, else the first one is. */
  rename(name: string, to: string): void
  /** Removes a member with its comma. */
  remove(name: string): void
}

/** Applies the changes of `edit`. Returns the same Buffer if there are none. */
export function edited(raw: Buffer, edit: (editor: Editor) => void): Buffer {
  // Most requests have no change, and are not scanned.
  const membersOf = lazy(() => scanObject(raw).members)
  const find = (name: string) => membersOf().find(member => member.name === name)
  const splices: Splice[] = []
  const added: string[] = []
  const removed = new Set<Member>()

  const editor: Editor = {
    set(name, json) {
      const found = find(name)
      if (found) splices.push(...replacing(raw, found, json))
      else added.push(`${JSON.stringify(name)}:${json}`)
    },
    setIn(outer, name, json) {
      const holder = find(outer)
      if (!holder || raw[holder.start] !== byte.openObject)
        return editor.set(outer, `{${JSON.stringify(name)}:${json}}`)
      const { members } = scanObject(raw.subarray(0, holder.end), holder.start)
      const found = members.find(member => member.name === name)
      if (found) splices.push(...replacing(raw, found, json))
      else splices.push(adding(raw, holder.start, [`${JSON.stringify(name)}:${json}`], members.length > 0))
    },
    rename(name, to) {
      const found = find(name)
      if (!found) return
      const present = find(to)
      if (present && !isNull(raw, present)) {
        removed.add(found)
        return
      }
      if (present) removed.add(present)
      splices.push({ ...keyOf(raw, membersOf(), found), text: JSON.stringify(to) })
    },
    remove(name) {
      const found = find(name)
      if (found) removed.add(found)
    },
  }
  edit(editor)
  // Members are added before one is removed at the same place.
  if (added.length > 0) splices.push(adding(raw, 0, added, membersOf().length > removed.size))
  if (removed.size > 0) splices.push(...removing(raw, membersOf(), removed))
  return splices.length === 0 ? raw : spliced(raw, splices)
}

function isNull(raw: Buffer, { start, end }: Member): boolean {
  return raw.toString('latin1', start, end) === 'null'
}

function replacing(raw: Buffer, { start, end }: Member, json: string): Splice[] {
  return raw.toString('utf8', start, end) === json ? [] : [{ start, end, text: json }]
}

/** Adds members at the start of the object that begins at or after `from`. `isFollowed`: other members follow. */
function adding(raw: Buffer, from: number, added: string[], isFollowed: boolean): Splice {
  const start = raw.indexOf(byte.openObject, from) + 1
  const text = added.join(',')
  return { start, end: start, text: isFollowed ? `${text},` : text }
}

/** A member is removed with the comma before it. The first member that stays has no comma before it. */
function removing(raw: Buffer, members: Member[], removed: ReadonlySet<Member>): Splice[] {
  const splices: Splice[] = []
  let isFirst = true
  for (const [i, member] of members.entries()) {
    if (!removed.has(member)) {
      isFirst = false
      continue
    }
    const start = isFirst ? startOf(raw, members, i) : startOf(raw, members, i) - 1
    const isLast = i === members.length - 1
    const end = isLast ? member.end : startOf(raw, members, i + 1)
    splices.push({ start, end: isFirst || isLast ? end : end - 1, text: '' })
  }
  return splices
}

/** The byte after the comma in front of a member; for the first one, the byte after the brace. */
function startOf(raw: Buffer, members: Member[], i: number): number {
  const before = members[i - 1]
  return (before ? raw.indexOf(byte.comma, before.end) : raw.indexOf(byte.openObject)) + 1
}

/** The bytes of a member's name, with its quotes. */
function keyOf(raw: Buffer, members: Member[], member: Member): { start: number; end: number } {
  const start = raw.indexOf(byte.quote, startOf(raw, members, members.indexOf(member)))
  return { start, end: closingQuote(raw, start + 1) + 1 }
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
