/** All formats, one line each, by name. */

export { dialects as anthropic } from './anthropic/index.ts'
export { dialects as openai } from './openai/index.ts'
