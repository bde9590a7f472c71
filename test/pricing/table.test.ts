import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { builtin } from '../../src/pricing/builtin.ts'
import { loadPrices } from '../../src/pricing/table.ts'
import { table, today } from './usage.ts'

const row = { in: '1', out: '2', source: 'this test', checked: '2026-11-23' }
const limits = { contextWindow: 1000, maxInput: 1000, maxOutput: 100, limitsFrom: 'this test' }
const entry = { maker: 'openai', kind: 'chat', hidesOutput: false, ...limits, prices: [row] }

describe('the built-in prices', () => {
  it('include every model in use today', () => {
    const expected = [
      'claude-fable-5 claude-fable-5-1 claude-opus-5-5 claude-opus-5 claude-opus-4-8 claude-opus-4-7 claude-opus-4-6',
      'claude-opus-4-5 claude-sonnet-5-5 claude-sonnet-5 claude-sonnet-4-6 claude-sonnet-4-5 claude-haiku-5-5',
      'claude-haiku-4-5 gpt-6-sol gpt-6.1-sol gpt-6-luna gpt-6-astra gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna',
      'gpt-5.5 gpt-5.4 gpt-5.2 gpt-5.1 gpt-5 gpt-5-mini gpt-4.1 gpt-4.1-mini gpt-4o gpt-4o-mini o3 o4-mini',
      'text-embedding-3-small text-embedding-3-large',
    ]
    for (const model of expected.join(' ').split(' ')) assert.ok(table.find(model, today), model)
  })

  it('are plausible: reads cost no more than input, writes and long prompts no less, limits fit the window', () => {
    for (const { id, price } of table.list(today)) {
      let shorter = 0
      for (const { rates } of price.bands) {
        const { in: input = 0, read = input, write5m = input, write1h = write5m, write = input } = rates
        assert.ok(input > 0 && input > shorter, `${id}: input`)
        assert.ok(read <= input, `${id}: read`)
        assert.ok(write5m >= input && write1h >= write5m && write >= input, `${id}: write`)
        shorter = input
      }
      assert.ok(price.maxOutput <= price.contextWindow, `${id}: output`)
      if (price.kind === 'chat') assert.ok(price.maxInput <= price.contextWindow, `${id}: input limit`)
      assert.ok(price.row.source && price.row.checked, `${id}: source`)
    }
  })
})

describe('a price', () => {
  const read = (model: string, at: string) => table.find(model, new Date(at))?.row.read

  it('is in force from the start of its day, UTC', () => {
    assert.equal(read('claude-sonnet-5-5', '2026-10-06T23:59:59.999Z'), '0.20')
    assert.equal(read('claude-sonnet-5-5', '2026-10-07T00:00:00.000Z'), '0.10')
  })

  it('of a promotion ends with the last promised day', () => {
    assert.equal(read('gpt-5.6', '2026-08-20T23:59:59Z'), '0.50')
    assert.equal(read('gpt-5.6', '2026-11-21T23:59:59Z'), '0.40')
    assert.equal(read('gpt-5.6', '2026-11-22T00:00:00Z'), '0.50')
  })

  it('with a future day is not in force yet', () => {
    const ultrafast = (at: string) => table.find('gpt-6.2-sol', new Date(at))?.row.tiers?.ultrafast
    assert.equal(ultrafast('2027-02-28T23:59:59Z'), '3')
    assert.equal(ultrafast('2027-03-01T00:00:00Z'), '6')
  })

  it('is absent for a model that is not on sale yet', () => {
    const later = loadPrices(builtin, {
      models: { 'gpt-7': { ...entry, aliases: ['gpt-7-latest'], prices: [{ ...row, from: '2027-01-01' }] } },
    })
    for (const name of ['gpt-7', 'gpt-7-latest']) {
      assert.equal(later.find(name, today), undefined)
      assert.equal(later.find(name, new Date('2027-01-01'))?.model, 'gpt-7')
      assert.ok(!later.list(today).some(({ id }) => id === name))
    }
  })
})

describe('the names of a model', () => {
  it('are its id and its aliases, by any of them', () => {
    const names = ['claude-haiku-4-5', 'claude-haiku-4-5-20251001']
    for (const name of names) assert.deepEqual(table.namesOf(name), names)
    assert.deepEqual(table.namesOf('gpt-6-luna'), ['gpt-6-luna'])
    assert.deepEqual(table.namesOf('gpt-6-unheard-of'), ['gpt-6-unheard-of'])
  })

  it('are known before its first price is in force', () => {
    const prices = [{ ...row, from: '2999-01-01' }]
    const own = loadPrices(builtin, { models: { later: { ...entry, aliases: ['later-1'], prices } } })
    assert.deepEqual(own.namesOf('later-1'), ['later', 'later-1'])
  })
})

describe('in the model list, a model', () => {
  it('that is built in has its provider’s display name and its release day', () => {
    for (const [id, model] of Object.entries(builtin.models)) {
      assert.ok(model.displayName, `${id}: name`)
      assert.ok(model.released > '2022' && model.released <= '2026-11-23', `${id}: day`)
    }
    const listed = table.list(today).find(({ id }) => id === 'claude-haiku-4-5-20251001')?.price
    assert.deepEqual([listed?.displayName, listed?.released], ['Claude Haiku 4.5', new Date('2025-10-15')])
  })

  it('without a display name and a release day has its id and its first known day', () => {
    const day = (model: object, id = 'm') =>
      loadPrices({ models: { [id]: { ...entry, ...model } } })
        .find(id, today)
        ?.released.toISOString()
        .slice(0, 10)
    const prices = [
      { ...row, from: '2026-05-01' },
      { ...row, from: '2026-03-01' },
    ]
    assert.equal(loadPrices({ models: { m: entry } }).find('m', today)?.displayName, 'm')
    assert.equal(day({}), '2026-11-23')
    assert.equal(day({ prices }), '2026-03-01')
    assert.equal(day({ prices, aliases: ['m-20251001', 'm-2025-08-07'] }), '2025-08-07')
    assert.equal(day({ prices }, 'm-20251101'), '2025-11-01')
    assert.equal(day({ prices, aliases: ['m-20259999'] }), '2026-03-01')
    assert.equal(day({ prices, aliases: ['m-20251001'], released: '2025-01-02' }), '2025-01-02')
  })
})

describe("an operator's own prices", () => {
  it('replace rows, add models and aliases, and change nothing else', () => {
    const own = loadPrices(builtin, {
      models: {
        'gpt-4.1': { prices: [{ ...row, in: '1.5' }], aliases: ['house-model'] },
        'my-model': entry,
      },
    })
    assert.equal(own.find('gpt-4.1', today)?.row.in, '1.5')
    assert.equal(own.find('house-model', today)?.model, 'gpt-4.1')
    assert.equal(own.find('gpt-4.1-2025-04-14', today)?.model, 'gpt-4.1')
    assert.equal(own.find('gpt-4.1', today)?.maxOutput, 32_768)
    assert.equal(own.find('my-model', today)?.row.out, '2')
    assert.deepEqual(own.find('gpt-4o', today)?.row, table.find('gpt-4o', today)?.row)
  })

  it('change only the given defaults of a provider', () => {
    const own = loadPrices(builtin, { defaults: { anthropic: { geo: 'us' } } })
    assert.equal(own.find('claude-haiku-4-5', today)?.imageTokens, 4784)
    const larger = loadPrices(builtin, { defaults: { openai: { imageTokens: 20_000 } } })
    assert.equal(larger.find('gpt-6-sol', today)?.imageTokens, 20_000)
    assert.equal(larger.find('gpt-4o-mini', today)?.imageTokens, 48_169)
    assert.equal(larger.find('claude-haiku-4-5', today)?.imageTokens, 4784)
    const fees = loadPrices(builtin, { defaults: { openai: { tools: { web_search: '25' } } } })
    const { tools } = fees.find('o1', today)?.row ?? {}
    assert.deepEqual([tools?.web_search, tools?.file_search], ['25', '2.5'])
    assert.equal(fees.find('gpt-4o-mini', today)?.row.tools?.web_search, '11.2')
    assert.equal(fees.find('text-embedding-3-small', today)?.row.tools?.web_search, undefined)
  })

  it('may give a built-in alias to another model', () => {
    const own = loadPrices(builtin, {
      models: { 'gpt-5.6': entry, 'gpt-4.1': { aliases: ['gpt-4o-2024-08-06'] } },
    })
    assert.equal(own.find('gpt-5.6', today)?.model, 'gpt-5.6')
    assert.equal(own.find('gpt-4o-2024-08-06', today)?.model, 'gpt-4.1')
    assert.equal(own.find('gpt-4o-2024-11-20', today)?.model, 'gpt-4o')
  })

  it('change the version, which does not depend on the order of keys', () => {
    assert.match(table.version, /^[0-9a-f]{12}$/)
    assert.equal(loadPrices(builtin).version, table.version)
    assert.notEqual(loadPrices(builtin, { models: { m: entry } }).version, table.version)
    const turned = Object.fromEntries(Object.entries(entry).reverse())
    const versions = [entry, turned].map(one => loadPrices({ models: { m: one } }).version)
    assert.equal(versions[0], versions[1])
  })

  it('with faults are refused with all of them, each with its place, the found and the expected value', () => {
    const patch = {
      modles: {},
      models: {
        'gpt-4.1': {
          aliases: ['a b'],
          maxInput: -1,
          prices: [{ in: 2, out: '1e3', tiers: { flex: 'half' }, discount: '1', checked: '2026-02-31' }],
        },
        o3: { kind: 'reasoning', prices: [] },
      },
    }
    assert.throws(() => loadPrices(builtin, patch), {
      faults: [
        '/modles: found {}, expected no field of this name; did you mean models?',
        '/models/gpt-4.1/aliases/0: found "a b", expected a name without spaces',
        '/models/gpt-4.1/maxInput: found -1, expected a whole number of tokens',
        '/models/gpt-4.1/prices/0/discount: found "1", expected no field of this name',
        '/models/gpt-4.1/prices/0/in: found 2, expected US dollars in a string with at most 6 decimals, such as "0.125"',
        '/models/gpt-4.1/prices/0/out: found "1e3", expected US dollars in a string with at most 6 decimals, such as "0.125"',
        '/models/gpt-4.1/prices/0/tiers/flex: found "half", expected a multiplier in a string, such as "0.5" or "5/3"',
        '/models/gpt-4.1/prices/0/checked: found "2026-02-31", expected a day, such as "2026-10-07"',
        '/models/o3/kind: found "reasoning", expected "chat" or "embedding"',
        '/models/o3/prices: found [], expected at least one row of prices',
      ],
    })
  })

  it('of a new model need only its prices and its limits', () => {
    assert.throws(
      () => loadPrices(builtin, { models: { new: { maker: 'openai', prices: [{ in: '1' }] } } }),
      {
        faults: [
          '/models/new/prices/0/out: found nothing, expected US dollars in a string with at most 6 decimals, such as "0.125", which a new model needs.',
          ...['maxInput', 'maxOutput'].map(
            field =>
              `/models/new/${field}: found nothing, expected a whole number of tokens, which a new model needs.`,
          ),
        ],
      },
    )
    assert.throws(() => loadPrices(builtin, { models: { 'claude-haiku-45': { in: '1', out: '2' } } }), {
      message: /maxInput: .* needs\. Did you mean claude-haiku-4-5\?\n.*maxOutput/,
    })
    const needed = { in: '3', out: '9', maxInput: 1000, maxOutput: 100 }
    const own = loadPrices(builtin, {
      models: { 'own-model': needed, 'claude-new-7': needed, 'gpt-8': { ...needed, read: '1' } },
    })
    const priceOf = (model: string) => own.find(model, today) ?? assert.fail(model)
    const facts = (model: string) => {
      const { maker, kind, hidesOutput, contextWindow, imageTokens, row, origins } = priceOf(model)
      const { tools, source, ...rates } = row
      return { maker, kind, hidesOutput, contextWindow, imageTokens, source, rates, read: origins.read }
    }
    const chat = { kind: 'chat', hidesOutput: true, contextWindow: 1100, source: 'PRICES_FILE' }
    assert.deepEqual(facts('own-model'), {
      ...chat,
      maker: 'openai',
      imageTokens: 1000,
      rates: { in: '3', out: '9', read: '3', write: '3' },
      read: 'derived',
    })
    assert.deepEqual(facts('claude-new-7'), {
      ...chat,
      maker: 'anthropic',
      imageTokens: 4784,
      rates: { in: '3', out: '9', read: '3', write5m: '3.75', write1h: '6' },
      read: 'derived',
    })
    assert.deepEqual(facts('gpt-8'), {
      ...chat,
      maker: 'openai',
      imageTokens: 15_000,
      rates: { in: '3', out: '9', read: '1', write: '3.75' },
      read: 'override',
    })
    const embedding = loadPrices(builtin, { models: { vectors: { ...needed, out: '0', maxOutput: 0 } } })
    assert.equal(embedding.find('vectors', today)?.kind, 'embedding')
  })

  it('of a built-in model need only the prices that differ; cache prices keep the ratio of the built-in row', () => {
    const own = loadPrices(builtin, {
      models: {
        'claude-haiku-4-5': { in: '3', out: '6' },
        'gpt-6-sol': { prices: [{ in: '1', out: '20', write: '7' }] },
        'o4-mini': { in: '0.000001' },
        'gpt-4.1': { read: '0.4', tools: { web_search: '25' }, tiers: { flex: '0.6' } },
      },
    })
    const priceOf = (model: string) => own.find(model, today) ?? assert.fail(model)
    const haiku = priceOf('claude-haiku-4-5-20251001')
    assert.partialDeepStrictEqual(haiku.row, {
      ...{ in: '3', out: '6', read: '0.3', write5m: '3.75', write1h: '6' },
      ...{ tiers: { batch: '0.5' }, checked: table.find('claude-haiku-4-5', today)?.row.checked },
    })
    assert.partialDeepStrictEqual(haiku.origins, {
      ...{ in: 'override', out: 'override', read: 'derived', write5m: 'derived', write1h: 'derived' },
      ...{ 'tiers.batch': 'built-in', 'tools.web_search': 'built-in' },
    })
    // Long prompts: in 4, out 15, read 0.4, write 5 above 272,000 tokens.
    const sol = priceOf('gpt-6-sol')
    assert.partialDeepStrictEqual(sol.row, {
      read: '0.1',
      write: '7',
      above: [{ tokens: 272_000, in: '2', out: '30', read: '0.2', write: '14' }],
    })
    assert.partialDeepStrictEqual(sol.origins, { write: 'override', read: 'derived', above: 'derived' })
    assert.partialDeepStrictEqual(priceOf('o4-mini').row, {
      out: '4.40',
      read: '0.000001',
      write: '0.000001',
    })
    const gpt = priceOf('gpt-4.1')
    assert.partialDeepStrictEqual(gpt.row, {
      ...{ in: '2', out: '8', read: '0.4', write: '2' },
      ...{ tiers: { flex: '0.6', batch: '0.5' }, tools: { web_search: '25', file_search: '2.5' } },
    })
    assert.partialDeepStrictEqual(gpt.origins, {
      ...{ in: 'built-in', read: 'override', write: 'built-in', 'tiers.flex': 'override' },
      ...{ 'tools.web_search': 'override', 'tools.file_search': 'built-in' },
    })
    assert.deepEqual(
      Object.values(priceOf('gpt-4o').origins).filter(origin => origin !== 'built-in'),
      [],
    )
  })

  it('are merged over the built-in row that is in force at the time', () => {
    const read = (models: object, model: string, day: string) =>
      loadPrices(builtin, { models }).find(model, new Date(day))?.row.read
    const always = { 'claude-sonnet-5-5': { in: '4', out: '20' } }
    assert.equal(read(always, 'claude-sonnet-5-5', '2026-10-06'), '0.4')
    assert.equal(read(always, 'claude-sonnet-5-5', '2026-10-08'), '0.2')
    const later = { 'claude-sonnet-5-5': { prices: [{ from: '2026-12-01', in: '4', out: '20' }] } }
    assert.equal(read(later, 'claude-sonnet-5-5', '2026-11-30'), '0.10')
    assert.equal(read(later, 'claude-sonnet-5-5', '2026-12-01'), '0.2')
  })

  it('under an alias apply to its model, and the same model is refused twice', () => {
    const dated = { 'claude-haiku-4-5-20251001': { in: '2', out: '6' } }
    const own = loadPrices(builtin, { models: dated })
    assert.equal(own.find('claude-haiku-4-5', today)?.row.in, '2')
    assert.throws(() => loadPrices(builtin, { models: { 'claude-haiku-4-5': { in: '3' }, ...dated } }), {
      message: /^\/models\/claude-haiku-4-5-20251001: found an override beside that of claude-haiku-4-5,/,
    })
    const twice = { in: '3', prices: [{ in: '3' }] }
    assert.throws(() => loadPrices(builtin, { models: { 'claude-haiku-4-5': twice } }), {
      message: '/models/claude-haiku-4-5/in: found it beside prices, expected either of them',
    })
  })

  it('with a misspelt field are refused, and the nearest field is named', () => {
    const faults = (model: object) => {
      try {
        loadPrices(builtin, { models: { 'gpt-4.1': model } })
      } catch (error) {
        return error instanceof Error ? error.message.split('\n') : []
      }
    }
    for (const [wrong, meant] of [
      ...[
        ['input', 'in'],
        ['Out', 'out'],
        ['cache_read', 'read'],
        ['max_input', 'maxInput'],
        ['aliasses', 'aliases'],
      ],
      ...[
        ['write5min', 'write5m'],
        ['sorce', 'source'],
        ['max_tokens', 'maxOutput'],
      ],
    ])
      assert.deepEqual(faults({ [String(wrong)]: '1' }), [
        `/models/gpt-4.1/${wrong}: found "1", expected no field of this name; did you mean ${meant}?`,
      ])
    assert.deepEqual(faults({ prices: [{ tierz: {} }] }), [
      '/models/gpt-4.1/prices/0/tierz: found {}, expected no field of this name; did you mean tiers?',
    ])
  })

  it('must not contradict themselves', () => {
    const twice = {
      ...row,
      above: [
        { tokens: 10, in: '2', out: '2' },
        { tokens: 10, in: '3', out: '3' },
      ],
    }
    const patch = {
      defaults: { openai: { tier: 'prio' } },
      models: {
        one: { ...entry, aliases: ['same'], prices: [twice, { ...row, from: '2026-01-01' }] },
        two: { ...entry, aliases: ['same', 'gpt-4o'], prices: [row, row] },
      },
    }
    assert.throws(() => loadPrices(builtin, patch), {
      faults: [
        '/models/one/prices/0/above: found 10, 10 tokens, expected different thresholds',
        '/models/two/prices: found two rows from the beginning, expected one',
        '/models/two/aliases: found same, which already names one',
        '/models/two/aliases: found gpt-4o, which already names gpt-4o',
        '/defaults/openai/tier: found prio, expected one of batch, default, fast, flex, priority, standard, standard_only, ultrafast',
      ],
    })
  })

  it('that are not an object are refused', () => {
    for (const nonsense of [null, [], 'prices', 5]) {
      assert.throws(() => loadPrices(builtin, nonsense), { message: /^\/: found .*, expected object$/ })
    }
  })
})
