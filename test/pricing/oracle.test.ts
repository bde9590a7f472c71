/**
 * The table and the arithmetic against @pydantic/genai-prices, for every name that both know exactly. Where a row names
 * that package as its source this proves the copy and the arithmetic, not the price.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { calcPrice, findProvider, type MatchLogic } from '@pydantic/genai-prices'
import type { UsagePart } from '../../src/dialects/dialect.ts'
import { costNanos } from '../../src/pricing/cost.ts'
import { part, table, today } from './usage.ts'

const usages = {
  short: { input: 1234, output: 567 },
  read: { input: 1000, cacheRead: 54_321, output: 10 },
  'five-minute write': { input: 10, cacheWrite5m: 7001, output: 10 },
  'one-hour write': { input: 10, cacheWrite1h: 7001, output: 10 },
  write: { input: 10, cacheWriteOther: 7001, output: 10 },
  'exactly 272,000': { input: 272_000, output: 10 },
  long: { input: 300_000, output: 11 },
  'long read': { input: 1000, cacheRead: 299_000, output: 11 },
  searches: { input: 10, output: 10, tools: { web_search: 3 } },
} satisfies Record<string, Partial<UsagePart>>
type Shape = keyof typeof usages

/** Where the package is wrong or knows less, and why. Every line must still differ, so that none outlives its reason. */
const differences: { models: RegExp; shapes: Shape[]; why: string }[] = [
  {
    models: /^gpt-(5\.4|5\.4-pro|5\.5|5\.5-pro|5\.6|5\.6-(sol|terra|luna)|6-astra)(-2026-\d\d-\d\d)?$/,
    shapes: ['exactly 272,000'],
    why: 'its long rates start at 271,999; the maker says more than 272K tokens',
  },
  {
    models: /^gpt-5\.6(-sol)?$/,
    shapes: ['short', 'read', 'five-minute write', 'write', 'long', 'long read', 'searches'],
    why: 'it does not end the promotion that was promised until 2026-11-21',
  },
  {
    models: /^(gpt-|o\d)/,
    shapes: ['one-hour write'],
    why: 'it knows no long write of OpenAI’s; where no source lists one it is twice the usual one here',
  },
  {
    models:
      /^(gpt-4\.1-(mini|nano)|gpt-4o-mini|gpt-5\.1-codex-mini|gpt-5\.3-(chat-latest|codex)|o1|o3-mini|o3-pro)(-20\d\d-\d\d-\d\d)?$/,
    shapes: ['searches'],
    why: 'it has no search price for these models; the maker has the same one for all',
  },
  {
    models: /^claude-sonnet-4-5(-20250929)?$/,
    shapes: ['exactly 272,000', 'long', 'long read'],
    why: 'its rates above 200,000 tokens are those of a beta that ended on 2026-04-30; such prompts are refused now',
  },
]

describe('the price table and a public one', () => {
  const shared = table.list(today).filter(({ id, price }) => knows(price.maker, id))

  it('share most models', () => {
    const ours = table.list(today).filter(({ id }) => !shared.some(one => one.id === id))
    const newer = [
      'claude-fable-5-2',
      'claude-haiku-5-5',
      'claude-sonnet-5-5',
      'gpt-6.1-sol',
      'gpt-6.1-terra',
    ]
    const byPrefixOnly = ['gpt-5-nano-2025-08-07']
    assert.deepEqual(
      new Set(ours.map(({ id }) => id)),
      new Set([...newer, 'gpt-6.2-astra', 'gpt-6.2-sol', ...byPrefixOnly]),
    )
  })

  it('agree to the nano-dollar except for the known differences', () => {
    const differing = shared.flatMap(({ id, price }) =>
      Object.entries(usages).flatMap(([shape, given]) => {
        const used = part(id, given)
        const ours = costNanos(table, [used], today)
        if (!('nanos' in ours)) return []
        const theirs = theirNanos(price.maker, used)
        return Math.abs(ours.nanos - theirs) <= 1 ? [] : [`${id}: ${shape}`]
      }),
    )
    const expected = shared.flatMap(({ id }) =>
      Object.keys(usages).flatMap(shape => (isKnown(id, shape) ? [`${id}: ${shape}`] : [])),
    )
    assert.deepEqual(differing, expected)
  })

  it('differ if the public one guesses by prefix or lacks a multiplier', () => {
    const sonnet = part('claude-sonnet-5-5', { input: 1000, cacheRead: 100_000, output: 500 })
    assert.equal(theirNanos('anthropic', sonnet), 27_000_000, 'takes the old read price of claude-sonnet-5')
    const unknown = part('claude-sonnet-5-9', { input: 1000 })
    assert.equal(theirNanos('anthropic', unknown), 2_000_000, 'prices a model that does not exist')
    const fast = part('claude-opus-5-5', { input: 1000, output: 1000, speed: 'fast', geo: 'us' })
    assert.equal(theirNanos('anthropic', fast), 24_000_000, 'knows neither fast mode nor place')
  })
})

function isKnown(id: string, shape: string): boolean {
  return differences.some(({ models, shapes }) => models.test(id) && shapes.some(one => one === shape))
}

/** Does the package list this very name, or a Claude name of which this is the dated form? */
function knows(maker: string, id: string): boolean {
  const undated = maker === 'anthropic' ? id.replace(/-\d{8}$/, '') : id
  const models = findProvider({ providerId: maker })?.models ?? []
  return models.some(model =>
    [model.id, ...namesIn(model.match)].some(name => name === id || name === undated),
  )
}

function namesIn(match: MatchLogic): string[] {
  if ('or' in match) return match.or.flatMap(namesIn)
  if ('equals' in match) return [match.equals]
  return 'starts_with' in match ? [match.starts_with] : []
}

function theirNanos(maker: string, used: UsagePart): number {
  const writes = used.cacheWrite5m + used.cacheWrite1h + used.cacheWriteOther
  const usage = {
    input_tokens: used.input + used.cacheRead + writes,
    cache_read_tokens: used.cacheRead,
    cache_write_tokens: writes,
    cache_write_5m_tokens: used.cacheWrite5m,
    cache_write_1h_tokens: used.cacheWrite1h,
    output_tokens: used.output,
    web_searches: used.tools.web_search ?? 0,
  }
  const price = calcPrice(usage, used.model, { providerId: maker, timestamp: today })
  return price ? Math.round(price.total_price * 1e9) : Number.NaN
}
