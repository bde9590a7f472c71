/** Tells of what types the items of a list are while their JSON goes by, however long it is: nothing but a word is kept. */

import { byte } from './json-scan.ts'

export interface ItemTypes {
  push(bytes: Uint8Array): void
  /** So far, in order. */
  readonly seen: readonly string[]
}

/** No type has a longer name. */
const LONGEST = 64
/** How deep members of the object stand, and members of the list's items. */
const OUTER = 1
const INNER = 3

/** The list is the member `list` of the outermost object; its items are objects with a member `type`. */
export function itemTypes(list: string): ItemTypes {
  const seen: string[] = []
  let depth = 0
  let inList = false
  let inString = false
  let escaped = false
  /** Do keys and strings count where we are? */
  let matters = false
  /** The string being read, or read last; and the key whose value comes next. */
  let word = ''
  let key = ''

  function step(one: number) {
    switch (one) {
      case byte.quote:
        inString = true
        word = ''
        break
      case byte.colon:
        if (matters) key = word
        break
      case byte.comma:
        if (matters) key = ''
        break
      case byte.openObject:
      case byte.openList:
        if (depth === OUTER && one === byte.openList) inList = key === list
        depth++
        key = ''
        break
      case byte.closeObject:
      case byte.closeList:
        depth--
        key = ''
        if (depth === OUTER) inList = false
        break
      default:
        return
    }
    matters = depth === OUTER || (inList && depth === INNER)
  }

  function read(one: number) {
    if (escaped) escaped = false
    else if (one === byte.backslash) escaped = true
    else if (one === byte.quote) {
      inString = false
      if (inList && depth === INNER && key === 'type') seen.push(word)
    } else if (matters && word.length < LONGEST) word += String.fromCharCode(one)
  }

  return {
    seen,
    push(bytes) {
      for (const one of bytes) {
        if (inString) read(one)
        else step(one)
      }
    },
  }
}
