/** The dialects of all formats. */

import type { Dialect } from './dialect.ts'
import * as folders from './formats.ts'
import { openaiChat } from './openai/chat.ts'
import { joinShapes } from './wire/response-shape.ts'

/** Sorted by the name of the format. */
export const dialects: readonly Dialect[] = Object.values(folders).flat()

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
