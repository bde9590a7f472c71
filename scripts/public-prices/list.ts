/** Reads the list: the models of a provider that a price file can express, with the overrides of the known faults. */

import { type ConditionalPrice, findProvider, type ModelInfo } from '@pydantic/genai-prices'
import { plainName } from '../../src/pricing/names.ts'
import { microsOf } from './decimals.ts'
import { namesOf } from './exact-names.ts'
import { knownFaults } from './known-faults.ts'
import type { KnownFault, Override } from './override.ts'
import { type ListedProvider, makerOf } from './providers.ts'
import { doubledAbove, type Rates, type RowFrom, rowOf } from './rates.ts'

export interface ListedModel {
  provider: ListedProvider
  /** The name without vendor, region, version and case. It is the same for one model at several providers. */
  key: string
  maker: string
  kind: 'chat' | 'embedding'
  names: readonly string[]
  /** Undefined: the list has none. */
  contextWindow: number | undefined
  maxOutput: number | undefined
  rows: readonly RowFrom[]
  /** Micro-dollars per thousand searches. */
  webSearch: bigint | undefined
  pricingUrl: string
  /** Why the row and the limits differ from the list. */
  corrections: readonly string[]
  limitSources: readonly string[]
}

/** Prices in other units. A model with one of them costs more than its text tokens show. */
const OTHER_UNITS =
  /^(output_(audio|image|video|reasoning|citation)_mtok|.*_kpages|.*audio_hours|requests_kcount|input_text_messages_kcount)$/
/** Models that the built-in table has or leaves out on purpose: those of the two makers, but not OpenAI's open weights. */
const TWO_MAKERS =
  /^(claude|gpt-(?!oss)|chatgpt|codex|o\d|text-embedding|text-moderation|davinci|babbage|ada$|curie|whisper)/

/** Throws an Error if the list has no such provider or a price that is not a decimal. `used` gets each fault that matched. */
export function modelsOf(provider: ListedProvider, used: Set<KnownFault>): ListedModel[] {
  const listed = findProvider({ providerId: provider.id })
  if (!listed) throw new Error(`found no provider ${provider.id} in the list, expected one`)
  const pricingUrl = listed.pricing_urls?.[0] ?? listed.api_pattern
  return listed.models.flatMap(model => {
    const faults = knownFaults.filter(({ names }) => names.test(`${provider.id}/${model.id}`))
    for (const fault of faults) used.add(fault)
    const read = modelOf(
      provider,
      model,
      faults.map(({ override }) => override),
    )
    return read ? [{ ...read, pricingUrl, ...reasons(faults) }] : []
  })
}

function reasons(faults: readonly KnownFault[]): Pick<ListedModel, 'corrections' | 'limitSources'> {
  const isLimit = ({ override }: KnownFault) => 'contextWindow' in override || 'maxOutput' in override
  const isPrice = ({ override }: KnownFault) => 'doublesAbove' in override || 'alsoNamed' in override
  return {
    corrections: faults.filter(isPrice).map(({ why }) => why),
    limitSources: faults.filter(isLimit).map(({ why }) => why),
  }
}

function modelOf(
  provider: ListedProvider,
  model: ModelInfo,
  overrides: readonly Override[],
): Omit<ListedModel, 'pricingUrl' | 'corrections' | 'limitSources'> | undefined {
  const { base, day } = plainName(model.id)
  const prices = pricesOf(model)
  const fields = prices.flatMap(({ prices: rates }) => Object.keys(rates))
  const isLeftOut = overrides.some(one => 'leaveOut' in one) || TWO_MAKERS.test(base) || model.deprecated
  if (isLeftOut || fields.some(field => OTHER_UNITS.test(field))) return undefined
  const kind = !fields.includes('output_mtok') && /embed/.test(base) ? 'embedding' : 'chat'
  const mediaAreDearer = kind === 'embedding' && fields.some(field => /(audio|image|video)/.test(field))
  const rows = rowsOf(prices, kind, overrides)
  if (!rows || mediaAreDearer) return undefined
  return {
    provider,
    key: base + day,
    maker: provider.maker ?? makerOf(base, model.id),
    kind,
    names: namesOf(model, overrides),
    contextWindow: given(overrides, 'contextWindow') ?? windowOf(model),
    maxOutput: kind === 'embedding' ? 0 : given(overrides, 'maxOutput'),
    rows,
    webSearch: searchFee(prices),
  }
}

function given(overrides: readonly Override[], field: 'contextWindow' | 'maxOutput'): number | undefined {
  for (const one of overrides) {
    if (field === 'contextWindow' && 'contextWindow' in one) return one.contextWindow
    if (field === 'maxOutput' && 'maxOutput' in one) return one.maxOutput
  }
  return undefined
}

/** The list writes 1,048,576 as 1000000 and 131,072 as 128000. A limit must be an upper bound, so round numbers are raised. */
function windowOf({ context_window: tokens }: ModelInfo): number | undefined {
  if (tokens === undefined) return undefined
  return tokens % 1000 === 0 ? Math.ceil((tokens * 1_048_576) / 1_000_000) : tokens
}

function pricesOf({ prices }: ModelInfo): ConditionalPrice[] {
  return Array.isArray(prices) ? prices : [{ prices }]
}

/**
 * One row for each day on which a price starts. A price for hours of the day belongs to the row before it, and the row has
 * the highest price of the day. Undefined: the model has no price of tokens.
 */
function rowsOf(
  prices: readonly ConditionalPrice[],
  kind: ListedModel['kind'],
  overrides: readonly Override[],
): RowFrom[] | undefined {
  const days: { from: string | undefined; hours: Rates[] }[] = []
  for (const { constraint, prices: rates } of prices) {
    const listed = rowOf(
      rates,
      kind,
      overrides.some(one => 'writeIsStorage' in one),
    )
    if (!listed) return undefined
    const row = overrides.reduce<Rates>(
      (known, one) => ('doublesAbove' in one ? doubledAbove(known, one.doublesAbove) : known),
      listed,
    )
    const isHours = constraint?.type === 'time_of_date'
    const from = constraint?.type === 'start_date' ? constraint.start_date : undefined
    if (isHours) days.at(-1)?.hours.push(row)
    else days.push({ from, hours: [row] })
  }
  return days.map(({ from, hours }) => ({ from, hours }))
}

function searchFee(prices: readonly ConditionalPrice[]): bigint | undefined {
  const fee = prices.at(-1)?.prices.web_searches_kcount
  return typeof fee === 'number' ? microsOf(fee) : undefined
}
