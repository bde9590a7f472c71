/** Every dialect the gateway speaks: one line each. */

import { anthropicCountTokens } from './anthropic/count-tokens.ts'
import { anthropicMessages } from './anthropic/messages.ts'
import type { Dialect } from './dialect.ts'
import { openaiChat } from './openai/chat.ts'
import { openaiEmbeddings } from './openai/embeddings.ts'
import { openaiResponses } from './openai/responses.ts'

export { type ListedModel, modelEntry, modelList } from './wire/model-list.ts'

export const dialects: readonly Dialect[] = [
  anthropicMessages,
  anthropicCountTokens,
  openaiChat,
  openaiResponses,
  openaiEmbeddings,
]

/** The dialect of a route; elsewhere the one that the caller seems to speak, by path and by header. */
export function dialectOf(
  known: Dialect | undefined,
  { url, headers }: { url: string; headers: Readonly<Record<string, unknown>> },
): Dialect {
  if (known) return known
  const speaksAnthropic = 'anthropic-version' in headers || /^(\/v1){0,2}\/(messages|complete)\b/.test(url)
  return speaksAnthropic ? anthropicMessages : openaiChat
}
