/** Compares the meters with the simulated provider's own records. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { UsagePart } from '../../src/dialects/dialect.ts'
import { messages } from '../provider/anthropic.ts'
import { chatCompletions } from '../provider/openai-chat.ts'
import { embeddings } from '../provider/openai-embeddings.ts'
import { responses } from '../provider/openai-responses.ts'
import { type Api, replyTo } from '../provider/reply.ts'
import { scenario } from '../provider/scenario.ts'
import { measure, type Path, parse } from './streams.ts'

const apis: [path: Path, api: Api, body: Record<string, unknown>][] = [
  ['/v1/messages', messages, { model: 'claude-haiku-4-5', max_tokens: 100, messages: [] }],
  ['/v1/chat/completions', chatCompletions, { model: 'gpt-6-luna', messages: [] }],
  ['/v1/responses', responses, { model: 'gpt-6-luna', input: 'hi' }],
  ['/v1/embeddings', embeddings, { model: 'text-embedding-3-small', input: 'hi' }],
]

const scenarios = [
  'ok',
  'usage 1000 in 50 out',
  'usage 1000 in 200 read 30 write5m 20 write1h 500 out 100 reasoning',
  'usage 1000 in 500 out 3 searches',
  'usage corrected 1000 in 500 out',
  'usage iterations 1000 in 500 out 2 searches',
  'usage outside 1000 in 500 out 300 reasoning',
  'model other-model',
  'tier priority',
  'slow-stream 50 chunks',
  'huge 2 MB',
]

describe('the simulated provider and the meter agree', () => {
  for (const [path, api, body] of apis) {
    // Embeddings report no tier.
    for (const wanted of scenarios.filter(one => api.stream || !one.startsWith('tier'))) {
      for (const stream of api.stream ? [true, false] : [false]) {
        it(`${path}, ${stream ? 'stream' : 'JSON'}: ${wanted}`, () => {
          const request = { ...body, ...(stream && { stream, stream_options: { include_usage: true } }) }
          const raw = Buffer.from(JSON.stringify(request))
          const reply = replyTo(raw, request, scenario(wanted))
          const { head, pieces, tail } = (stream && api.stream?.(reply)) || {
            head: JSON.stringify(api.json(reply)),
            pieces: [],
            tail: '',
          }

          const requested = parse(path, raw.toString())
          const measured = measure(path, head + pieces.join('') + tail, { stream, size: 1000, requested })

          assert.deepEqual(measured.usage?.map(countsOf), api.served(reply).map(countsOf))
          assert.equal(measured.ended, true)
          assert.equal(measured.failed, undefined)
          if (stream) assert.equal(measured.visibleBytes, Buffer.byteLength(reply.pieces.join('')))
        })
      }
    }
  }
})

/** Removes tools without runs, and names that were not reported. */
function countsOf({ tools, tier, speed, geo, ...counts }: UsagePart) {
  return { ...counts, tools: Object.entries(tools).filter(([, times]) => times > 0), tier, speed, geo }
}
