/** The list of all formats, one line each. */

import type { Dialect } from './dialect.ts'
import { openaiChat } from './openai/chat.ts'
import { joinShapes } from './wire/response-shape.ts'

const folders = await Promise.all([
  // Of several formats that use an unknown route, the first one counts.
  import('./anthropic/index.ts'),
  import('./openai/index.ts'),
])

export const dialects: readonly Dialect[] = folders.flatMap(folder => folder.dialects)

const formats = new Set(dialects.map(({ format }) => format))

export const responseShapes = joinShapes(
  [...formats].map(({ responses }) => responses),
  dialects.flatMap(dialect => dialect.preliminaryEvents ?? []),
)

/** Returns the dialect of a route. On an unknown route it is the first one whose format the request uses. */
export function dialectOf(
  known: Dialect | undefined,
  request: Parameters<Dialect['format']['isUsedBy']>[0],
): Dialect {
  return known ?? dialects.find(({ format }) => format.isUsedBy(request)) ?? openaiChat
}
