/** The bound is computed from a request's bytes, the cost from a response's. No call may cost more than its bound. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { boundNanos, missingPrice } from '../../src/pricing/bound.ts'
import { costNanos } from '../../src/pricing/cost.ts'
import type { Price } from '../../src/pricing/price.ts'
import { measure, type Path, parse } from '../dialects/streams.ts'
import { table, today } from './usage.ts'

type Route = Extract<Path, '/v1/messages' | '/v1/chat/completions' | '/v1/responses'>

/** The largest image of each family, as reference sheets and bills tell it. */
const largestImage: [RegExp, number][] = [
  [/^claude-/, 4784],
  [/^gpt-4o-mini/, 2833 + 8 * 5667],
  [/./, 14_364],
]

const data = 'A'.repeat(50_000)
const image: Record<Route, object> = {
  '/v1/messages': { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
  '/v1/chat/completions': { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
  '/v1/responses': { type: 'input_image', image_url: `data:image/png;base64,${data}` },
}
const ceiling: Record<Route, string> = {
  '/v1/messages': 'max_tokens',
  '/v1/chat/completions': 'max_completion_tokens',
  '/v1/responses': 'max_output_tokens',
}

/** Ways to ask for a cache write, and whether it is a long one. */
const writes = [
  { asks: {}, long: false, asked: false },
  { asks: { cache_control: { type: 'ephemeral' } }, long: false, asked: true },
  { asks: { cache_control: { type: 'ephemeral', ttl: '1h' } }, long: true, asked: true },
  { asks: { prompt_cache_options: { ttl: '30m' } }, long: false, asked: true },
  { asks: { prompt_cache_options: { ttl: '12h' } }, long: true, asked: true },
]

interface Call {
  price: Price
  path: Route
  text: string
  images: number
  write: (typeof writes)[number]
  tokens: number
  prediction: string
  tier: string | undefined
  fallsBack: boolean
  /** True: the response reports the lifetime of cache writes. */
  split: boolean
  share: { text: number; written: number; read: number; output: number }
}

const share = fc.double({ min: 0, max: 1, noNaN: true })
const calls: fc.Arbitrary<Call> = fc
  .constantFrom(...table.list(today).flatMap(({ price }) => (price.kind === 'chat' ? [price] : [])))
  .chain(price =>
    fc.record({
      price: fc.constant(price),
      path: fc.constantFrom<Route>('/v1/messages', '/v1/chat/completions', '/v1/responses'),
      text: fc.string({ maxLength: 400 }),
      images: fc.nat(3),
      write: fc.constantFrom(...writes),
      tokens: fc.integer({ min: 1, max: 3000 }),
      prediction: fc.oneof(fc.constant(''), fc.string({ maxLength: 300 })),
      tier: fc.constantFrom(undefined, ...price.multipliers.tier.keys()),
      fallsBack: fc.boolean(),
      split: fc.boolean(),
      share: fc.record({ text: share, written: share, read: share, output: share }),
    }),
  )

function requestOf({ price, path, text, images, write, tokens, prediction, tier }: Call): object {
  const kind = path === '/v1/responses' ? 'input_text' : 'text'
  const content = [{ type: kind, text }, ...Array.from({ length: images }, () => image[path])]
  const body = {
    model: price.model,
    [ceiling[path]]: tokens,
    ...write.asks,
    ...(tier !== undefined && { service_tier: tier }),
    [path === '/v1/responses' ? 'input' : 'messages']: [{ role: 'user', content }],
  }
  return path === '/v1/chat/completions' && prediction !== ''
    ? { ...body, prediction: { type: 'content', content: prediction } }
    : body
}

/** A possible response to such a request, in the format of its route. */
function responseOf(call: Call): object {
  const { price, path, text, images, write, tokens, prediction, tier, fallsBack, split, share: used } = call
  const [, largest = 0] = largestImage.find(([family]) => family.test(price.model)) ?? []
  // Every prompt has a token.
  const prompt = Math.max(1, Math.floor(Buffer.byteLength(text) * used.text)) + images * largest
  // On its own route Claude writes to the cache only on request. All others may write unasked.
  const mayWrite = write.asked || price.maker === 'openai' || path !== '/v1/messages'
  const written = mayWrite ? Math.floor(prompt * used.written) : 0
  const read = Math.floor((prompt - written) * used.read)
  const rejected = path === '/v1/chat/completions' ? Buffer.byteLength(prediction) : 0
  const output = Math.floor((tokens + rejected) * used.output)
  const served = fallsBack ? undefined : tier
  if (path === '/v1/messages') {
    const age = write.long ? 'ephemeral_1h_input_tokens' : 'ephemeral_5m_input_tokens'
    return {
      model: price.model,
      usage: {
        input_tokens: prompt - written - read,
        cache_read_input_tokens: read,
        cache_creation_input_tokens: written,
        ...(split && { cache_creation: { [age]: written } }),
        output_tokens: output,
        service_tier: served,
      },
    }
  }
  const [inputs, outputs] =
    path === '/v1/responses' ? ['input_tokens', 'output_tokens'] : ['prompt_tokens', 'completion_tokens']
  const age = write.long ? 'ttl_12h_tokens' : 'ttl_30m_tokens'
  return {
    model: price.model,
    service_tier: served,
    status: 'completed',
    usage: {
      [inputs]: prompt,
      [`${inputs}_details`]: {
        cached_tokens: read,
        cache_write_tokens: written,
        ...(split && { cache_write_tokens_details: { [age]: written } }),
      },
      [outputs]: output,
      total_tokens: prompt + output,
    },
  }
}

describe('a call of any model on any route', () => {
  it('never costs more than its hold, and always has a price', () => {
    fc.assert(
      fc.property(calls, call => {
        const { path, price } = call
        const requested = parse(path, requestOf(call))
        assert.equal(missingPrice(price, requested), undefined)
        const { usage } = measure(path, JSON.stringify(responseOf(call)), { stream: false, requested })
        const cost = costNanos(table, usage ?? assert.fail('no usage'), today)
        assert.ok('nanos' in cost, JSON.stringify(cost))
        assert.ok(
          cost.nanos <= boundNanos(price, requested),
          `${cost.nanos} > ${boundNanos(price, requested)}`,
        )
      }),
      { seed: 21, numRuns: 3000 },
    )
  })
})
