/** The dialects of Anthropic's APIs. */

import { anthropicCountTokens } from './count-tokens.ts'
import { anthropicMessages } from './messages.ts'

export const dialects = [anthropicMessages, anthropicCountTokens]
