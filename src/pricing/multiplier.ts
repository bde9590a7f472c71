/** A price table with every price multiplied, such as that of a provider's region. */

import type { Row } from './file.ts'
import { bandsOf, feesOf } from './model-price.ts'
import { CACHES } from './origins.ts'
import type { Price, PriceTable } from './price.ts'
import { dollarsOf, type Ratio, ratioOf, scaled } from './ratio.ts'
import { versionOf } from './table.ts'

type Rates = NonNullable<Row['above']>[number]

/**
 * The table with every token price and fee multiplied, rounded up to six decimals of a dollar per million tokens. A price is
 * multiplied when it is first looked up, so a table costs memory only for the models that are used.
 */
export function multipliedTable(table: PriceTable, multiplier: string): PriceTable {
  const by = ratioOf(multiplier)
  const prices = new Map<Price, Price>()
  function multiplied(price: Price): Price {
    const earlier = prices.get(price)
    if (earlier) return earlier
    const result = Object.freeze(multipliedPrice(price, by))
    prices.set(price, result)
    return result
  }
  const some = (price: Price | undefined) => price && multiplied(price)
  return Object.freeze({
    ...table,
    version: versionOf([table.version, multiplier]),
    multiplier,
    find: (model: string, at: Date) => some(table.find(model, at)),
    findServed: (model: string, at: Date) => some(table.findServed(model, at)),
    list: (at: Date) => table.list(at).map(({ id, price }) => ({ id, price: multiplied(price) })),
  })
}

function multipliedPrice(price: Price, by: Ratio): Price {
  const times = (usd: string) => timesUp(usd, by)
  const { above, tools = {}, ...rest } = price.row
  const row: Row = {
    ...rest,
    ...multipliedRates(price.row, times),
    ...(above && { above: above.map(band => ({ ...band, ...multipliedRates(band, times) })) }),
    tools: Object.fromEntries(Object.entries(tools).map(([tool, usd]) => [tool, times(usd)])),
  }
  return { ...price, row, bands: bandsOf(row), fees: feesOf(row) }
}

function multipliedRates(rates: Row | Rates, times: (usd: string) => string): Pick<Rates, 'in' | 'out'> {
  const caches = CACHES.flatMap(rate => {
    const usd = rates[rate]
    return usd === undefined ? [] : [[rate, times(usd)] as const]
  })
  return { in: times(rates.in), out: times(rates.out), ...Object.fromEntries(caches) }
}

/** Rounded up to six decimals, so that a hold stays an upper bound. */
function timesUp(usd: string, { num, den }: Ratio): string {
  const [over, under] = [BigInt(num), BigInt(den)]
  return dollarsOf((scaled(usd, 6) * over + under - 1n) / under)
}
