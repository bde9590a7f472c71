/**
 * The cost of a call from its usage. The arithmetic is exact: prices are whole pico-dollars, and multipliers are fractions.
 * The only rounding is upwards, to whole nano-dollars, at the end.
 */

import type { UsagePart } from '../dialects/dialect.ts'
import { isCount } from '../dialects/wire/json.ts'
import { multiplied } from './file.ts'
import { MAX_NANOS } from './money.ts'
import type { Band, Price, PriceTable, TokenPrice } from './price.ts'
import { add, multiply, type Ratio, ZERO } from './ratio.ts'
import { dividedUp, plus, times, type Whole } from './whole.ts'

export const PICO_PER_NANO = 1000

const counted = [
  ['input', 'in'],
  ['cacheRead', 'read'],
  ['cacheWrite5m', 'write5m'],
  ['cacheWrite1h', 'write1h'],
  ['cacheWriteOther', 'write'],
  ['output', 'out'],
] as const satisfies [keyof UsagePart, TokenPrice][]

/**
 * Computes the cost of a call from its reported usage. Each part costs: multiplier x (tokens x price, per kind of token)
 * + tool fees. The prices are those of the part's model and of the context tier that its input belongs to. A call is
 * unpriced if a model, tier, speed, place, kind of token or tool has no price; `unpriced` names it.
 */
export function costNanos(
  table: Pick<PriceTable, 'findServed'>,
  parts: readonly UsagePart[],
  at: Date,
): { nanos: number } | { unpriced: string } {
  let total = ZERO
  for (const part of parts) {
    const price = table.findServed(part.model, at)
    if (!price) return { unpriced: `model ${part.model}` }
    const cost = partCost(price, part)
    if (typeof cost === 'string') return { unpriced: `${cost} of ${part.model}` }
    total = add(total, cost)
  }
  const nanos = roundUp(total)
  return nanos > MAX_NANOS ? { unpriced: 'usage beyond counting' } : { nanos: Number(nanos) }
}

/**
 * Replaces an unknown model in the parts by the requested model, which has a price. A model of the public list is unknown
 * too if the requested model has a price of the operator, because own prices come before the list.
 */
export function knownParts(
  table: Pick<PriceTable, 'findServed'>,
  parts: readonly UsagePart[],
  asked: string,
  at: Date,
): { parts: readonly UsagePart[]; unknown: string | undefined } {
  const hasOwnPrice = table.findServed(asked, at)?.origins.in === 'override'
  const isKnown = ({ model }: UsagePart) => {
    const price = table.findServed(model, at)
    return price !== undefined && !(hasOwnPrice && price.origins.in === 'public')
  }
  const unknown = parts.find(part => !isKnown(part))?.model
  if (unknown === undefined) return { parts, unknown }
  return { parts: parts.map(part => (isKnown(part) ? part : { ...part, model: asked })), unknown }
}

/** Returns pico-dollars, or the name of the item without a price. */
function partCost(price: Price, part: UsagePart): Ratio | string {
  const { rates } = bandOf(price, part)
  let tokens: Whole = 0
  for (const [kind, rate] of counted) {
    const count = part[kind]
    if (count === 0) continue
    if (!isCount(count)) return `${kind} tokens (${count})`
    const each = rates[rate]
    if (each === undefined) return `${kind} tokens`
    tokens = plus(tokens, times(count, each))
  }
  let fees: Whole = 0
  for (const tool in part.tools) {
    const count = part.tools[tool]
    if (count === 0) continue
    const each = price.fees.get(tool)
    if (each === undefined || !isCount(count)) return `tool ${tool}`
    fees = plus(fees, times(count, each))
  }
  let cost: Ratio = { num: tokens, den: 1 }
  for (const what of multiplied) {
    const multiplier = price.multipliers[what].get(part[what] ?? 'auto')
    if (!multiplier) return `${what} ${part[what]}`
    cost = multiply(cost, multiplier)
  }
  return fees === 0 ? cost : add(cost, { num: fees, den: 1 })
}

function bandOf({ bands }: Price, part: UsagePart): Band {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h, cacheWriteOther } = part
  const total = input + cacheRead + cacheWrite5m + cacheWrite1h + cacheWriteOther
  return bands.findLast(({ from }) => total >= from) ?? bands[0]!
}

/** Converts pico-dollars to whole nano-dollars, rounded up. */
export function roundUp({ num, den }: Ratio): Whole {
  return dividedUp(num, times(den, PICO_PER_NANO))
}
