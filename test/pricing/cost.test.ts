import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { UsagePart } from '../../src/dialects/dialect.ts'
import { moreExpensiveNames } from '../../src/pricing/bound.ts'
import { costNanos } from '../../src/pricing/cost.ts'
import { multiplied } from '../../src/pricing/file.ts'
import { parseUsd } from '../../src/pricing/money.ts'
import { ask, part, table, today } from './usage.ts'

const cost = (...parts: UsagePart[]) => costNanos(table, parts, today)
const costs = (usd: number, ...parts: UsagePart[]) =>
  assert.deepEqual(cost(...parts), { nanos: parseUsd(usd) })
const unpriced = (what: string, ...parts: UsagePart[]) => assert.deepEqual(cost(...parts), { unpriced: what })

describe('the cost of a call, compared with figures computed by hand', () => {
  it('includes both lifetimes of cache writes, reads and searches', () => {
    const caching = { cacheRead: 50_000, cacheWrite5m: 10_000, cacheWrite1h: 4000 }
    costs(0.15, part('claude-opus-5-5', { input: 2000, ...caching, output: 1500, tools: { web_search: 2 } }))
  })

  it('finds a model by its dated id', () => {
    costs(0.0035, part('claude-haiku-4-5-20251001', { input: 1000, output: 500 }))
    costs(0.022, part('gpt-4.1-2025-04-14', { input: 6000, cacheRead: 4000, output: 1000 }))
  })

  it('includes reasoning in the output once', () => {
    const usage = { input: 4000, cacheRead: 12_000, cacheWriteOther: 4000, output: 3000, reasoning: 2000 }
    costs(0.0504, part('gpt-6-sol', usage))
  })

  it('prices a long prompt as a whole at the long rates', () => {
    costs(0.855, part('gpt-6-sol', { input: 200_000, cacheRead: 100_000, output: 1000 }))
  })

  it('uses the cache read price of the model', () => {
    costs(0.017, part('claude-sonnet-5-5', { input: 1000, cacheRead: 100_000, output: 500 }))
  })

  it('includes cache writes with a long lifetime', () => {
    costs(0.0075, part('gpt-6.2-sol', { cacheWriteOther: 1000, cacheWrite1h: 1000 }))
  })

  it('includes a cache write under the name of either provider’s format', () => {
    costs(0.001125, part('claude-haiku-4-5', { cacheWriteOther: 900 }))
    costs(0.00225, part('gpt-6-sol', { cacheWrite5m: 900 }))
  })

  it('counts a long cache write without a price as twice the usual write', () => {
    costs(0.0148, part('gpt-6-sol', { input: 100, cacheWrite1h: 2900, output: 10 }))
    costs(0.0016, part('gpt-4.1', { cacheWrite1h: 400 }))
  })

  it('finds models that public lists lack', () => {
    costs(0.00035, part('claude-haiku-5-5', { input: 1000, output: 500 }))
    costs(0.012, part('gpt-6.1-sol', { input: 1000, output: 1000 }))
  })

  it('multiplies for fast mode, place, batch and flex, as the response reports them', () => {
    costs(0.0528, part('claude-opus-5-5', { input: 1000, output: 1000, speed: 'fast', geo: 'us' }))
    costs(0.012, part('claude-opus-5-5', { input: 1000, output: 1000, tier: 'batch' }))
    costs(0.007, part('gpt-5.6-terra', { input: 1000, output: 1000, tier: 'flex' }))
    costs(0.0025, part('gpt-4o-mini', { input: 10_000, tier: 'priority' }))
  })

  it('does not multiply for a compatible server’s name of the standard tier', () => {
    for (const tier of ['on_demand', 'default', 'standard', 'normal'])
      costs(0.001, part('gpt-6-sol', { input: 500, tier }))
  })

  it('adds the fees of tools on every model', () => {
    costs(0.01973, part('gpt-5.3-codex', { input: 5000, output: 70, tools: { web_search: 1 } }))
    for (const { id, price } of table.list(today)) {
      const tools =
        price.maker === 'openai'
          ? ['web_search', 'file_search', 'code_interpreter', 'image_generation', 'image_output_tokens']
          : ['web_search', 'code_execution']
      const lacking = price.kind === 'chat' ? tools.filter(tool => !price.fees.get(tool)) : []
      assert.deepEqual(lacking, [], id)
    }
  })

  it('prices a search with a fixed number of content tokens', () => {
    costs(0.0112, part('gpt-4o-mini', { tools: { web_search: 1 } }))
    costs(0.0132, part('gpt-4.1-mini', { tools: { web_search: 1 } }))
  })

  it('prices a container of code interpreter by its memory', () => {
    costs(0.03, part('gpt-5', { tools: { code_interpreter: 1 } }))
    costs(1.92, part('o1', { tools: { code_interpreter_64g: 1 } }))
  })

  it('prices generated images by their tokens, else each at a fixed maximum', () => {
    const tools = { image_input_tokens: 1000, image_output_tokens: 7024 }
    costs(0.29096, part('gpt-5.3-codex', { tools }))
    costs(0.5, part('gpt-4.1', { tools: { image_generation: 1 } }))
  })

  it('does not multiply the fee of a tool', () => {
    costs(0.01, part('claude-opus-5-5', { speed: 'fast', geo: 'us', tools: { web_search: 1, web_fetch: 9 } }))
  })
})

describe('an incomplete response', () => {
  const names = (model: string, asked: Parameters<typeof ask>[0], reported = {}) => {
    const price = table.find(model, today) ?? assert.fail()
    return moreExpensiveNames(price, ask(asked), reported)
  }

  it('is priced at the tier that it reported', () => {
    assert.equal(names('gpt-4.1', { tier: 'priority' }, { tier: 'default' }).tier, 'default')
    assert.equal(names('gpt-4.1', { tier: 'auto' }, { tier: 'priority' }).tier, 'priority')
  })

  it('is priced at the more expensive of the requested tier and the account’s default if it reported none', () => {
    assert.equal(names('gpt-4.1', { tier: 'priority' }).tier, 'priority')
    assert.equal(names('gpt-4.1', { tier: 'priority' }, { tier: 'auto' }).tier, 'priority')
    assert.equal(names('gpt-6-sol', { tier: 'flex' }).tier, undefined)
    assert.deepEqual(names('claude-opus-5-5', { speed: 'fast', geo: 'us' }), {
      tier: undefined,
      speed: 'fast',
      geo: 'us',
    })
  })
})

describe('the context tier', () => {
  it('changes above the threshold, not at it', () => {
    costs(0.544, part('gpt-6-sol', { input: 272_000 }))
    costs(1.088004, part('gpt-6-sol', { input: 272_001 }))
    costs(0.544, part('gpt-5.6-terra', { input: 272_000 }))
    costs(0.01, part('claude-haiku-5-5', { input: 100_000 }))
    costs(0.0500005, part('claude-haiku-5-5', { input: 100_001 }))
  })

  it('is chosen by all input, cached input included', () => {
    costs(0.00100009, part('claude-haiku-5-5', { input: 1, cacheRead: 99_999 }))
    costs(0.00500095, part('claude-haiku-5-5', { input: 2, cacheRead: 99_999 }))
    costs(0.0625005, part('claude-haiku-5-5', { input: 1, cacheWrite5m: 100_000 }))
  })

  it('is chosen for each iteration separately', () => {
    const half = part('claude-haiku-5-5', { input: 60_000 })
    costs(0.012, half, half)
  })
})

describe('a call of several iterations', () => {
  it('costs the sum, each at the price of its own model', () => {
    const main = part('claude-haiku-4-5', { input: 1000, output: 200 })
    const advisor = part('claude-opus-5-5', { input: 1000, output: 200 })
    costs(0.002 + 0.008, main, advisor)
  })

  it('is rounded up once for all iterations', () => {
    const half = part('claude-haiku-5-5', { cacheRead: 1, tier: 'batch', geo: 'us' })
    assert.deepEqual(cost(half), { nanos: 6 })
    assert.deepEqual(cost(half, half), { nanos: 11 })
  })

  it('has no price if one of them has none', () => {
    unpriced('model gpt-7', part('gpt-6-sol', { input: 1 }), part('gpt-7', { input: 1 }))
  })
})

describe('a call without usage', () => {
  it('costs nothing', () => {
    costs(0)
    costs(0, part('claude-opus-5-5', { speed: 'fast', geo: 'us' }))
  })
})

describe('a call without a price', () => {
  it('stays unpriced if its model’s name only begins like a known name', () => {
    for (const model of ['claude-sonnet-5-9', 'gpt-4', 'gpt-4.1-2025', '', '__proto__', 'constructor']) {
      unpriced(`model ${model}`, part(model, { input: 1 }))
    }
  })

  it('reports the tier, the speed, the place, the tool or the kind of token', () => {
    unpriced('tier priority of claude-opus-5-5', part('claude-opus-5-5', { tier: 'priority' }))
    unpriced('tier scale of gpt-5', part('gpt-5', { tier: 'scale' }))
    unpriced('speed fast of claude-sonnet-5-5', part('claude-sonnet-5-5', { speed: 'fast' }))
    unpriced('geo eu of claude-opus-5-5', part('claude-opus-5-5', { geo: 'eu' }))
    unpriced('tool unknown_tool of gpt-5', part('gpt-5', { tools: { unknown_tool: 1 } }))
    unpriced('cacheRead tokens of text-embedding-3-small', part('text-embedding-3-small', { cacheRead: 1 }))
  })

  it('has a price if the item without a price was not used', () => {
    costs(0.002, part('gpt-6-sol', { input: 1000, tools: { unknown_tool: 0 } }))
  })

  it('is a call whose usage cannot be counted', () => {
    unpriced('input tokens (NaN) of gpt-6-sol', part('gpt-6-sol', { input: Number.NaN }))
    unpriced('output tokens (-1) of gpt-6-sol', part('gpt-6-sol', { output: -1 }))
    unpriced('output tokens (0.5) of gpt-6-sol', part('gpt-6-sol', { output: 0.5 }))
    unpriced('output tokens (1e+300) of gpt-6-sol', part('gpt-6-sol', { output: 1e300 }))
    unpriced('usage beyond counting', part('gpt-6-sol', { output: Number.MAX_SAFE_INTEGER }))
  })
})

describe('names of the standard tier, speed and place', () => {
  it('multiply nothing', () => {
    for (const tier of [undefined, 'auto', 'standard', 'default', 'standard_only']) {
      costs(0.001, part('claude-haiku-4-5', { input: 1000, tier }))
    }
    costs(0.001, part('claude-haiku-4-5', { input: 1000, speed: 'standard', geo: 'not_available' }))
    costs(0.001, part('claude-haiku-4-5', { input: 1000, geo: 'global' }))
  })
})

describe('any usage', () => {
  const count = fc.nat(400_000)
  const priced = table.list(today).flatMap(({ id, price }) => {
    const [tier, speed, geo] = multiplied.map(what => fc.constantFrom(...price.multipliers[what].keys()))
    const { read, write5m, write1h, write } = price.bands[0]!.rates
    const counts = {
      input: count,
      output: count,
      cacheRead: read === undefined ? fc.constant(0) : count,
      cacheWrite5m: write5m === undefined ? fc.constant(0) : count,
      cacheWrite1h: write1h === undefined ? fc.constant(0) : count,
      cacheWriteOther: write === undefined ? fc.constant(0) : count,
    }
    return [fc.record({ tier: tier!, speed: speed!, geo: geo!, ...counts }).map(given => part(id, given))]
  })
  const usage = fc.oneof(...priced)
  const nanosOf = (...parts: UsagePart[]) => {
    const found = cost(...parts)
    assert.ok('nanos' in found, JSON.stringify(found))
    return found.nanos
  }

  it('with one more token of any kind costs at least as much', () => {
    const kinds = ['input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'cacheWriteOther', 'output'] as const
    fc.assert(
      fc.property(
        usage,
        fc.constantFrom(...kinds),
        fc.integer({ min: 1, max: 200_000 }),
        (one, kind, more) => {
          fc.pre(one[kind] > 0)
          return nanosOf({ ...one, [kind]: one[kind] + more }) >= nanosOf(one)
        },
      ),
      { seed: 3, numRuns: 2000 },
    )
  })

  it('in two parts costs the sum of the parts, less at most one rounding', () => {
    fc.assert(
      fc.property(usage, usage, (one, other) => {
        const apart = nanosOf(one) + nanosOf(other)
        const together = nanosOf(one, other)
        return together <= apart && apart <= together + 1
      }),
      { seed: 4, numRuns: 2000 },
    )
  })
})
