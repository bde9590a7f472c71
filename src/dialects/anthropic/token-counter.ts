/** Converts a Messages request to a request of the provider's token counter. */

import type { TokenCounter } from '../dialect.ts'
import { isObject, type JsonObject, listIn, objectIn, parseObject, partsOf } from '../wire/json.ts'
import { noMedia } from '../wire/media.ts'
import { findMedia } from './content.ts'

/** The members of the prompt. The counter includes them. */
const counted = [
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'cache_control',
  'context_management',
  'output_config',
  'output_format',
]
/** Members that add no input; the counter refuses most of them. Any other member may add input that the counter does not include. */
const harmless = [
  'max_tokens',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'metadata',
  'service_tier',
  'speed',
  'inference_geo',
]

export const anthropicCounter: TokenCounter = {
  maker: 'anthropic',
  target: target => target.replace(/^[^?]*/, path => `${path}/count_tokens`),
  question(body, { unbounded }) {
    const request = objectIn(body)
    const members = Object.keys(request)
    const isKnown = members.every(name => counted.includes(name) || harmless.includes(name))
    if (!isKnown || unbounded.length > 0) return undefined
    if (!isWhole(request.system) || !listIn(request.messages).every(isWholeMessage)) return undefined
    const question = members.flatMap(name => (counted.includes(name) ? [[name, request[name]]] : []))
    return Buffer.from(JSON.stringify(Object.fromEntries(question)))
  },
  tokens(response) {
    const tokens = parseObject(response.toString('utf8'))?.input_tokens
    return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : undefined
  },
}

function isWholeMessage(message: unknown): boolean {
  return isObject(message) && isWhole(message.content)
}

/** Returns true if the request contains all input. Content behind a URL may change between the count and the call. */
function isWhole(content: unknown): boolean {
  return partsOf(content).every(block => {
    const source = objectIn(block.source)
    if (source.type === 'url' || source.type === 'file') return false
    // The counter reads the document. The bound assumes the longest possible one.
    if (block.type === 'document')
      return source.type === 'content'
        ? isWhole(source.content)
        : source.type === 'text' || source.type === 'base64'
    if (Array.isArray(block.content) || (block.type === 'tool_result' && isObject(block.content)))
      return isFamiliar({ ...block, content: [] }) && isWhole(block.content)
    return isFamiliar(block)
  })
}

/** Returns true if the gateway knows this type of block. */
function isFamiliar(block: JsonObject): boolean {
  const media = noMedia()
  findMedia([block], media)
  return !media.endless && media.unbounded.size === 0
}
