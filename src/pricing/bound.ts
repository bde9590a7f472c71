/** The upper bound on the cost of a call, and the limits that the bound uses. */

import type { ParsedRequest, UsagePart } from '../dialects/dialect.ts'
import { PICO_PER_NANO, roundUp } from './cost.ts'
import { type Multiplied, multiplied } from './file.ts'
import { MAX_NANOS } from './money.ts'
import type { Price, TokenPrice } from './price.ts'
import { larger, multiply, ONE, type Ratio } from './ratio.ts'
import { plus, times, type Whole } from './whole.ts'

/** The fields of a request that its bound depends on. */
export type Priceable = Pick<
  ParsedRequest,
  | 'inputBound'
  | 'images'
  | 'completions'
  | 'maxOutputTokens'
  | 'predicted'
  | 'hasOutput'
  | 'cacheWrite'
  | 'unbounded'
  | Multiplied
>

/** A hold covers the output of this many seconds in advance. One failed and one late extension fit in this time. */
export const LOOKAHEAD_SECONDS = 8

/** Returns the item of a request that has no price, such as a service tier. The request has no bound, so refuse it. */
export function missingPrice(
  price: Price,
  parsed: Pick<ParsedRequest, 'cacheWrite' | Multiplied>,
): string | undefined {
  for (const what of multiplied) {
    if (!price.multipliers[what].has(parsed[what] ?? 'auto'))
      return `${what} ${parsed[what]} of ${price.model}`
  }
  const written = askedWrite[parsed.cacheWrite]
  const lacks = written !== undefined && price.bands.some(({ rates }) => rates[written] === undefined)
  return lacks ? `a cache write of ${price.model}` : undefined
}

/** The cache writes that a request asks for. A provider that writes unasked may also write nothing, so `other` is not listed. */
const askedWrite: Readonly<Record<ParsedRequest['cacheWrite'], TokenPrice | undefined>> = {
  none: undefined,
  '5m': 'write5m',
  '1h': 'write1h',
  other: undefined,
}

/**
 * Computes an upper bound on the cost of a call before it starts. Take any usage with at most `inputBound` input tokens,
 * `images` images, and `maxOutputTokens` + `predicted` output tokens in each of `completions` completions, without tool
 * fees. Its `costNanos` is at most this bound.
 *
 * Proof.
 * 1. The usage belongs to one context tier b. It has T input tokens, T <= min(`largestInput`, upTo of b), because the
 *    provider refuses more than maxInput.
 * 2. Each input token costs at most the highest input price of b. That price includes only the cache writes that the
 *    request, or a provider that writes unasked, can cause.
 * 3. There are at most `completions` x (min(maxOutputTokens, contextWindow) + predicted) output tokens. Each costs the
 *    output price of b.
 * 4. The bound is the largest such sum over all tiers that the input can reach. The last tier may be cheaper, because an
 *    operator may set its prices.
 * 5. The provider serves the requested tier, speed and place, or the standard ones. So each multiplier counts as
 *    requested, but at least 1. `auto` and an absent name mean the account's default: standard, unless `defaults` in the
 *    price file name another. A name without a price counts as the highest known multiplier (see `missingPrice`).
 * 6. Cost and bound both round upwards, and rounding is monotone.
 *
 * The bound does not hold if the provider adds input or calls other models (`parsed.unbounded`). If the request limits
 * the runs of a tool, the bound includes each run: its fee, and the largest input at the highest price.
 */
export function boundNanos(price: Price, parsed: Priceable): number {
  const maxOutputTokens = Math.min(parsed.maxOutputTokens ?? price.maxOutput, price.contextWindow)
  let highest: Whole = 0
  for (const { fixed, output } of waysOf(price, parsed)) {
    const cost = plus(fixed, times(maxOutputTokens, output))
    if (cost > highest) highest = cost
  }
  const nanos = roundUp(multiply({ num: highest, den: 1 }, highestMultiplier(price, parsed)))
  return nanos > MAX_NANOS ? MAX_NANOS : Number(nanos)
}

/** Returns the largest output ceiling whose bound is at most `nanos`, limited to `maxOutput`; undefined if 1 token does not fit. */
export function maxTokensThatFit(price: Price, parsed: Priceable, nanos: number): number | undefined {
  const { num, den } = highestMultiplier(price, parsed)
  // ceil(cost x num / den / 1000) <= nanos exactly where cost <= floor(nanos x 1000 x den / num).
  const affordable = (BigInt(nanos) * BigInt(PICO_PER_NANO) * BigInt(den)) / BigInt(num)
  let fits = BigInt(price.maxOutput)
  for (const { fixed, output } of waysOf(price, parsed)) {
    if (fixed > affordable) return undefined
    const most = BigInt(output) === 0n ? fits : (affordable - BigInt(fixed)) / BigInt(output)
    if (most < fits) fits = most
  }
  return fits < 1n ? undefined : Number(fits)
}

/** The highest number of input tokens of a request on this model. */
export function largestInput(
  { maxInput, imageTokens, imagesBesideInput }: Price,
  { inputBound, images }: Pick<ParsedRequest, 'inputBound' | 'images'>,
): number {
  const pictures = images * imageTokens
  return imagesBesideInput
    ? Math.min(Math.ceil(inputBound), maxInput) + pictures
    : Math.min(Math.ceil(inputBound) + pictures, maxInput)
}

/**
 * The context tiers that the input can reach, in pico-dollars. `fixed` does not depend on the output ceiling: input at the
 * highest price, predicted output and tool runs. `output` is the price of each token of the ceiling.
 */
function waysOf(price: Price, parsed: Priceable): { fixed: Whole; output: Whole }[] {
  const most = largestInput(price, parsed)
  const completions = parsed.hasOutput ? parsed.completions : 0
  const ways = []
  for (const { from, upTo, rates, mostExpensiveInput } of price.bands) {
    if (from > most) continue
    const inputPrice = mostExpensiveInput[parsed.cacheWrite]
    const output = times(completions, rates.out)
    const input = times(Math.min(most, upTo), inputPrice)
    const others = plus(times(parsed.predicted, output), toolRuns(price, parsed, inputPrice))
    ways.push({ fixed: plus(input, others), output })
  }
  return ways
}

/** Highest cost of the provider's tools, in pico-dollars, if the request limits their runs. */
function toolRuns({ fees, maxInput }: Price, { unbounded }: Priceable, inputPrice: number): Whole {
  let cost: Whole = 0
  for (const { uses } of unbounded) {
    if (!uses) continue
    const run = plus(fees.get(uses.tool) ?? 0, times(maxInput, inputPrice))
    cost = plus(cost, times(uses.most, run))
  }
  return cost
}

/**
 * Highest output tokens a second of one response of this call; undefined if only the output limit bounds it. The account's
 * default tier and speed count as if the request named them. A tier or speed that costs more than the standard one may be
 * faster, so it needs its own figure; without one there is no bound.
 */
export function outputRate(price: Price, parsed: Pick<ParsedRequest, 'tier' | 'speed'>): number | undefined {
  const { maxOutputTokensPerSecond, fasterOutput, multipliers } = price
  let highest = maxOutputTokensPerSecond
  for (const name of [parsed.tier, parsed.speed, ...price.accountNames]) {
    if (highest === undefined || name === undefined) continue
    const rate = fasterOutput.get(name)
    const costsMore = [multipliers.tier, multipliers.speed].some(known => isAboveOne(known.get(name)))
    if (rate !== undefined) highest = Math.max(highest, rate)
    else if (costsMore) highest = undefined
  }
  return highest
}

function isAboveOne(multiplier: Ratio | undefined): boolean {
  return multiplier !== undefined && multiplier.num > multiplier.den
}

/** The kind of usage for input whose kind was not reported: the most expensive kind that the request can cause. */
export function inputKind(
  { bands }: Price,
  { cacheWrite }: Pick<ParsedRequest, 'cacheWrite'>,
): 'input' | 'cacheWrite5m' | 'cacheWrite1h' | 'cacheWriteOther' {
  const written = writeKinds[cacheWrite]
  return written && bands.every(({ rates }) => (rates[written[1]] ?? 0) > rates.in) ? written[0] : 'input'
}

const writeKinds = {
  none: undefined,
  '5m': ['cacheWrite5m', 'write5m'],
  '1h': ['cacheWrite1h', 'write1h'],
  other: ['cacheWriteOther', 'write'],
} as const satisfies Record<ParsedRequest['cacheWrite'], readonly [keyof UsagePart, TokenPrice] | undefined>

/** For an incomplete response: the reported names, else the more expensive of the requested name and the account's default. */
export function moreExpensiveNames(
  price: Price,
  parsed: Pick<ParsedRequest, Multiplied>,
  reported: Partial<Pick<UsagePart, Multiplied>>,
): Pick<UsagePart, Multiplied> {
  const name = (what: Multiplied) => {
    if (reported[what] !== undefined && reported[what] !== 'auto') return reported[what]
    const multiplierOf = (one: string | undefined) => price.multipliers[what].get(one ?? 'auto') ?? ONE
    const asked = multiplierOf(parsed[what])
    return larger(asked, multiplierOf(undefined)) === asked ? parsed[what] : undefined
  }
  return { tier: name('tier'), speed: name('speed'), geo: name('geo') }
}

/** At least 1, by step 5 of the proof. */
function highestMultiplier(price: Price, parsed: Priceable): Ratio {
  let highest = ONE
  for (const what of multiplied) {
    const known = price.multipliers[what]
    const asked = known.get(parsed[what] ?? 'auto')
    highest = multiply(highest, asked ? larger(ONE, asked) : [...known.values()].reduce(larger, ONE))
  }
  return highest
}
