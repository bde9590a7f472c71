/** Prices of one model at one provider, and the highest of several. Amounts are micro-dollars per million tokens. */

import type { ModelPrice, TieredPrices } from '@pydantic/genai-prices'
import type { Row } from '../../src/pricing/file.ts'
import { dollarsOf } from '../../src/pricing/ratio.ts'
import { highest, microsOf } from './decimals.ts'

/** Of calls with more input tokens than `over`. */
export interface Band {
  over: number
  in: bigint
  out: bigint
  read: bigint
  write: bigint
  write1h: bigint | undefined
}

/** In ascending order; the first is for all calls. */
export type Rates = readonly Band[]

export interface RowFrom {
  /** The first day. Undefined: from the beginning. */
  from: string | undefined
  /** The prices of the hours of the day. */
  hours: readonly Rates[]
}

/**
 * The rates of a model. A cached token without a price costs as much as input, because no discount is known. Undefined:
 * input or output has no price, or the price is 0, which no budget limits.
 */
export function rowOf(
  listed: ModelPrice,
  kind: 'chat' | 'embedding',
  writeIsStorage: boolean,
): Rates | undefined {
  const { input_mtok: input, output_mtok: output } = listed
  if (!input || (!output && kind === 'chat')) return undefined
  const tiers = Object.values(listed).flatMap(one => (typeof one === 'object' ? one.tiers : []))
  const starts = [...new Set([0, ...tiers.map(({ start }) => start)])].sort((a, b) => a - b)
  const bands = starts.map(over => {
    const at = (rate: string) => amountAt(listed[rate], over)
    const whole = at('input_mtok') ?? 0n
    const write = at('cache_write_mtok')
    return {
      over,
      in: whole,
      out: at('output_mtok') ?? 0n,
      read: at('cache_read_mtok') ?? whole,
      write: writeIsStorage && (write ?? whole) < whole ? whole + (write ?? 0n) : (write ?? whole),
      write1h: at('cache_write_1h_mtok'),
    }
  })
  return bands.some(band => band.in === 0n || (kind === 'chat' && band.out === 0n)) ? undefined : bands
}

/** A tier of the list applies to calls with more input tokens than its start. */
function amountAt(price: number | TieredPrices | undefined, over: number): bigint | undefined {
  if (price === undefined) return undefined
  if (typeof price === 'number') return microsOf(price)
  const tier = price.tiers.filter(({ start }) => start <= over).at(-1)
  return microsOf(tier?.price ?? price.base)
}

/** Rates that have no band yet, with one that costs twice as much. */
export function doubledAbove(rates: Rates, over: number): Rates {
  const [first] = rates
  if (!first || rates.length > 1) return rates
  const { in: input, out, read, write, write1h } = first
  const long = write1h === undefined ? undefined : 2n * write1h
  const doubled = { in: 2n * input, out: 2n * out, read: 2n * read, write: 2n * write, write1h: long }
  return [first, { over, ...doubled }]
}

/** The highest of several rates, for calls of each length. */
export function highestOf(all: readonly Rates[]): Rates {
  const starts = [...new Set(all.flatMap(rates => rates.map(({ over }) => over)))].sort((a, b) => a - b)
  const bands = starts.map(over => {
    const at = all.flatMap(rates => rates.filter(band => band.over <= over).at(-1) ?? [])
    const long = at.flatMap(({ write1h }) => write1h ?? [])
    return {
      over,
      in: highest(at.map(band => band.in)),
      out: highest(at.map(band => band.out)),
      read: highest(at.map(band => band.read)),
      write: highest(at.map(band => band.write)),
      // Without a price, a long write costs twice as much as another.
      write1h: long.length > 0 ? highest([...long, ...at.map(band => 2n * band.write)]) : undefined,
    }
  })
  return bands.filter((band, i) => i === 0 || !isSame(band, bands[i - 1]!))
}

function isSame(a: Band, b: Band): boolean {
  return (
    a.in === b.in && a.out === b.out && a.read === b.read && a.write === b.write && a.write1h === b.write1h
  )
}

/** As the price file has them. An embedding has neither output nor a cache. */
export function rowFields(rates: Rates, kind: 'chat' | 'embedding'): Omit<Row, 'source'> {
  const [first, ...long] = rates.map(band => ({ over: band.over, rates: fieldsOf(band, kind) }))
  const above = long.map(({ over, rates: fields }) => ({ tokens: over, ...fields }))
  return { ...(first?.rates ?? { in: '0', out: '0' }), ...(above.length > 0 && { above }) }
}

function fieldsOf(band: Band, kind: 'chat' | 'embedding') {
  const usual = { in: dollarsOf(band.in), out: dollarsOf(band.out) }
  if (kind === 'embedding') return usual
  const long = band.write1h === undefined ? {} : { write1h: dollarsOf(band.write1h) }
  return { ...usual, read: dollarsOf(band.read), write: dollarsOf(band.write), ...long }
}
