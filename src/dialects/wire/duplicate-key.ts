/** Finds a repeated key in a JSON text, because `JSON.parse` keeps only the last value without an error. */

import { byte } from './json-bytes.ts'
import { closingQuote, isSpace, unescaped } from './json-scan.ts'

/** The fault of a repeated key. */
export const DUPLICATE_KEY = 'stands twice in one object; expected once'

/** An object, or a list (`names` is undefined), with the present member or item of the scan. */
interface Level {
  names: Set<string> | undefined
  at: string | number
}

/** The path of the first repeated key, such as `clients.0.budget`. The text must be valid JSON. */
export function findDuplicateKey(text: string): string | undefined {
  const raw = Buffer.from(text)
  const levels: Level[] = []
  for (let i = 0; i < raw.length; i++) {
    const level = levels.at(-1)
    switch (raw[i]) {
      case byte.quote: {
        const end = closingQuote(raw, i + 1)
        if (end < 0) return undefined
        if (level?.names && isKey(raw, end + 1)) {
          const name = unescaped(raw.toString('utf8', i + 1, end))
          level.at = name
          if (level.names.has(name)) return levels.map(({ at }) => at).join('.')
          level.names.add(name)
        }
        i = end
        break
      }
      case byte.openObject:
        levels.push({ names: new Set(), at: '' })
        break
      case byte.openList:
        levels.push({ names: undefined, at: 0 })
        break
      case byte.comma:
        if (typeof level?.at === 'number') level.at++
        break
      case byte.closeObject:
      case byte.closeList:
        levels.pop()
    }
  }
  return undefined
}

function isKey(raw: Buffer, from: number): boolean {
  let at = from
  while (isSpace(raw[at])) at++
  return raw[at] === byte.colon
}
