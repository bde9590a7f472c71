/** The list of all dialects, one line each. */

import { anthropicCountTokens } from './anthropic/count-tokens.ts'
import { anthropicMessages } from './anthropic/messages.ts'
import type { Dialect } from './dialect.ts'
import { openaiChat } from './openai/chat.ts'
import { openaiEmbeddings } from './openai/embeddings.ts'
import { openaiResponses } from './openai/responses.ts'

export const dialects: readonly Dialect[] = [
  anthropicMessages,
  anthropicCountTokens,
  openaiChat,
  openaiResponses,
  openaiEmbeddings,
]

/** The events of all formats, because an upstream may use another format than the route's. */
export const preliminaryEvents: ReadonlySet<string> = new Set(
  dialects.flatMap(dialect => dialect.preliminaryEvents ?? []),
)

/** Returns the dialect of a route. On an unknown route it is the first one whose format the request uses. */
export function dialectOf(
  known: Dialect | undefined,
  request: Parameters<Dialect['format']['isUsedBy']>[0],
): Dialect {
  return known ?? dialects.find(({ format }) => format.isUsedBy(request)) ?? openaiChat
}
