/** The upper bound on the cost of a call, and the limits that the bound uses. */

import type { ParsedRequest, UsagePart } from '../dialects/dialect.ts'
import { MAX_NANOS } from '../money.ts'
import { PICO_PER_NANO, roundUp } from './cost.ts'
import { type Multiplied, multiplied } from './file.ts'
import type { Price, TokenPrice } from './price.ts'
import { larger, multiply, ONE, type Ratio } from './ratio.ts'

/** What of a request bears on its price. */
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

/** Seconds of output that a growing hold covers ahead: enough for one failed extension of a hold and a late one. */
export const LOOKAHEAD_SECONDS = 8

/** What a request names that has no price, such as a service tier. It has no bound either, and should be refused. */
export function missingPrice(
  price: Price,
  parsed: Pick<ParsedRequest, 'cacheWrite' | Multiplied>,
): string | undefined {
  const what = multiplied.find(one => !price.multipliers[one].has(parsed[one] ?? 'auto'))
  if (what) return `${what} ${parsed[what]} of ${price.model}`
  const written = askedWrite[parsed.cacheWrite]
  const lacks = written !== undefined && price.bands.some(({ rates }) => rates[written] === undefined)
  return lacks ? `a cache write of ${price.model}` : undefined
}

/** Writes that a request asks for by name; a provider who writes as it pleases may also never do it. */
const askedWrite: Readonly<Record<ParsedRequest['cacheWrite'], TokenPrice | undefined>> = {
  none: undefined,
  '5m': 'write5m',
  '1h': 'write1h',
  other: undefined,
}

/**
 * An upper bound on the cost of a call before it starts: `costNanos` of any usage with at most `inputBound` input
 * tokens and `images` images, at most `maxOutputTokens` + `predicted` output tokens in each of `completions` completions, and no fee for
 * tools, is not above it.
 *
 * Proof. The usage lands in one context tier b with T input tokens, T <= min(`largestInput`, upTo of b): more than
 * maxInput the provider refuses. Each of them costs at most b's dearest input price, of which cache writes count only as
 * far as the request, or a provider who writes unasked, can cause them; each of at most `completions` x (min(maxOutputTokens,
 * contextWindow) + predicted) output tokens costs b's output price. The bound takes the largest such sum over every tier that can be reached, which need not be the longest:
 * an operator's own prices may be lower there. Multipliers: an answer may come from the tier, speed and place asked for,
 * or fall back to the standard one, so each counts as asked, but at least 1. `auto`, or none named, is what the account
 * gives: standard, unless the price file's `defaults` say otherwise. One that has no price counts as the dearest known
 * (see `missingPrice`). Rounding is monotone and upwards on both sides.
 *
 * It is void if the provider adds input or calls other models (`ask.unbounded`). If the request limits the runs of a tool,
 * the bound includes each run: its fee, and the largest input at the most expensive price.
 */
export function boundNanos(price: Price, parsed: Priceable): number {
  const maxOutputTokens = BigInt(Math.min(parsed.maxOutputTokens ?? price.maxOutput, price.contextWindow))
  let dearest = 0n
  for (const way of waysOf(price, parsed)) {
    const cost = way.fixed + maxOutputTokens * way.output
    if (cost > dearest) dearest = cost
  }
  const nanos = roundUp(multiply({ num: dearest, den: 1n }, dearestMultiplier(price, parsed)))
  return nanos > MAX_NANOS ? MAX_NANOS : Number(nanos)
}

/** The largest ceiling whose bound is within `nanos`, at most the model's own; undefined where not even 1 token fits. */
export function maxTokensThatFit(price: Price, parsed: Priceable, nanos: number): number | undefined {
  const { num, den } = dearestMultiplier(price, parsed)
  // ceil(cost x num / den / 1000) <= nanos exactly where cost <= floor(nanos x 1000 x den / num).
  const affordable = (BigInt(nanos) * PICO_PER_NANO * den) / num
  let fits = BigInt(price.maxOutput)
  for (const { fixed, output } of waysOf(price, parsed)) {
    if (fixed > affordable) return undefined
    const most = output === 0n ? fits : (affordable - fixed) / output
    if (most < fits) fits = most
  }
  return fits < 1n ? undefined : Number(fits)
}

/** The most input tokens that a request can be on this model. */
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
 * The context tiers a call can land in, in pico-dollars: what it costs whatever its ceiling, which is all its input at the
 * dearest and the prediction it brings; and each token of the ceiling.
 */
function waysOf(price: Price, parsed: Priceable): { fixed: bigint; output: bigint }[] {
  const most = largestInput(price, parsed)
  const completions = BigInt(parsed.hasOutput ? parsed.completions : 0)
  return price.bands
    .filter(({ from }) => from <= most)
    .map(({ upTo, rates, dearestInput }) => {
      const output = completions * (rates.out ?? 0n)
      const input = BigInt(Math.min(most, upTo)) * dearestInput[parsed.cacheWrite]
      const runs = toolRuns(price, parsed, dearestInput[parsed.cacheWrite])
      return { fixed: input + BigInt(parsed.predicted) * output + runs, output }
    })
}

/** Highest cost of the provider's tools, in pico-dollars, if the request limits their runs. */
function toolRuns({ fees, maxInput }: Price, { unbounded }: Priceable, inputPrice: bigint): bigint {
  return unbounded.reduce(
    (sum, { uses }) =>
      uses ? sum + BigInt(uses.most) * ((fees.get(uses.tool) ?? 0n) + BigInt(maxInput) * inputPrice) : sum,
    0n,
  )
}

/**
 * Highest output tokens a second of one response of this call; undefined if only the output limit bounds it. The account's
 * default tier and speed count as if the request named them. A tier or speed that costs more than the standard one is
 * assumed to be faster: without its own figure it has no bound.
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

function isAboveOne(times: Ratio | undefined): boolean {
  return times !== undefined && times.num > times.den
}

/** The kind of usage for input whose kind was not reported: the most expensive kind that the request can cause. */
export function inputKind(
  { bands }: Price,
  { cacheWrite }: Pick<ParsedRequest, 'cacheWrite'>,
): 'input' | 'cacheWrite5m' | 'cacheWrite1h' | 'cacheWriteOther' {
  const written = writeKinds[cacheWrite]
  return written && bands.every(({ rates }) => (rates[written[1]] ?? 0n) > rates.in) ? written[0] : 'input'
}

const writeKinds = {
  none: undefined,
  '5m': ['cacheWrite5m', 'write5m'],
  '1h': ['cacheWrite1h', 'write1h'],
  other: ['cacheWriteOther', 'write'],
} as const satisfies Record<ParsedRequest['cacheWrite'], readonly [keyof UsagePart, TokenPrice] | undefined>

/** For an answer that broke off: what it told, else the dearer of what was asked for and what the account gives. */
export function dearerNames(
  price: Price,
  parsed: Pick<ParsedRequest, Multiplied>,
  told: Partial<Pick<UsagePart, Multiplied>>,
): Pick<UsagePart, Multiplied> {
  const name = (what: Multiplied) => {
    if (told[what] !== undefined && told[what] !== 'auto') return told[what]
    const times = (one: string | undefined) => price.multipliers[what].get(one ?? 'auto') ?? ONE
    const asked = times(parsed[what])
    return larger(asked, times(undefined)) === asked ? parsed[what] : undefined
  }
  return { tier: name('tier'), speed: name('speed'), geo: name('geo') }
}

/** Never below 1: see the proof. */
function dearestMultiplier(price: Price, parsed: Priceable): Ratio {
  return multiplied
    .map(what => {
      const known = price.multipliers[what]
      const asked = known.get(parsed[what] ?? 'auto')
      return asked ? larger(ONE, asked) : [...known.values()].reduce(larger, ONE)
    })
    .reduce(multiply)
}
