/** Every dialect the gateway speaks: one line each. */

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

/** Of all formats, because an upstream may answer in another format than the route's. */
export const preliminaryEvents: ReadonlySet<string> = new Set(
  dialects.flatMap(dialect => dialect.preliminaryEvents ?? []),
)

/** The dialect of a route. Without a known route, the first one whose format the request uses. */
export function dialectOf(
  known: Dialect | undefined,
  request: Parameters<Dialect['format']['isUsedBy']>[0],
): Dialect {
  return known ?? dialects.find(({ format }) => format.isUsedBy(request)) ?? openaiChat
}
