/** The dialects of OpenAI's APIs. */

import { openaiChat } from './chat.ts'
import { openaiEmbeddings } from './embeddings.ts'
import { openaiResponses } from './responses.ts'

export const dialects = [openaiChat, openaiResponses, openaiEmbeddings]
