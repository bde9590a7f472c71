/** Parses YAML and JSON, which is YAML as well. Keeps the lines, so that a fault can name its line. */

import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml'

export interface ParsedFile {
  value: unknown
  /** The line of the value at a JSON pointer, or of the nearest value around it. */
  lineAt(path: string): number | undefined
}

/** The text is not a file of one document. */
export class ParseFault extends Error {
  readonly line: number | undefined

  constructor(message: string, line?: number) {
    super(message)
    this.line = line
  }
}

/** Aliases (`*name`) may repeat this many parts, because a small file of aliases could fill the memory. */
const MOST_ALIASES = 100

/** Throws a ParseFault at the first fault, because the others often follow from it. */
export function parseFile(text: string): ParsedFile {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    logLevel: 'silent',
  })
  const line = (offset: number) => lines.linePos(offset).line
  const [document, second] = Array.isArray(documents) ? documents : []
  const error = document?.errors[0] ?? document?.warnings[0]
  if (error?.code === 'DUPLICATE_KEY')
    throw new ParseFault('found a field that stands twice in one object, expected once', line(error.pos[0]))
  if (error) throw new ParseFault(invalid(error), line(error.pos[0]))
  if (second)
    throw new ParseFault('found a second document, expected one', line(second.range?.[0] ?? text.length))
  if (!document || document.contents === null || isEmpty(document.contents))
    throw new ParseFault('found an empty file, expected upstreams')
  return { value: plainValue(document), lineAt: path => lineAt(document, path, line) }
}

function isEmpty(contents: unknown): boolean {
  return isScalar(contents) && contents.value === null
}

function plainValue(document: Document): unknown {
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES })
  } catch (error) {
    throw new ParseFault(invalid(error))
  }
  if (isInItself(value)) throw new ParseFault('found an alias inside its own anchor, expected none')
  return value
}

/** JSON cannot express a value that contains itself. */
function isInItself(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return false
  } catch {
    return true
  }
}

function lineAt(document: Document, path: string, line: (offset: number) => number): number | undefined {
  let node: unknown = document.contents
  let offset: number | undefined
  for (const step of path.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    const inside = isAlias(node) ? node.resolve(document) : node
    const [place, next] = stepInto(inside, name)
    if (place === undefined) break
    offset = place
    node = next
  }
  return offset === undefined ? undefined : line(offset)
}

/** The place of a member's name or of an item, and its value. */
function stepInto(node: unknown, name: string): [number | undefined, unknown] {
  if (isSeq(node)) {
    const item = node.items[Number(name)]
    return [startOf(item), item]
  }
  const pair = isMap(node)
    ? node.items.find(({ key }) => isScalar(key) && String(key.value) === name)
    : undefined
  return [startOf(pair?.key), pair?.value]
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

/** The parser's message in one line. */
function invalid(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error)
  return `found no valid YAML (${words.replace(/\s+/g, ' ').trim()}), expected YAML or JSON`
}
