/** Converts a model of the price file to the prices that the gateway computes with. */

import type { Multiplied } from './file.ts'
import { type ModelEntry, type PriceFile, plainTiers, type Row, rowKey, standard } from './file.ts'
import type { Band, Price } from './price.ts'
import { ONE, type Ratio, ratioOf, scaled } from './ratio.ts'

const UNKNOWN_DAY = '1970-01-01'

type Rates = Row | NonNullable<Row['above']>[number]
export type Defaults = NonNullable<PriceFile['defaults']>[string]

export function priceOf(id: string, entry: ModelEntry, row: Row, defaults: Defaults = {}): Price {
  const { maker, kind, hidesOutput, contextWindow, maxInput, maxOutput } = entry
  const { imageTokens = defaults.imageTokens ?? maxInput, imagesBesideInput = false } = entry
  const tools = { ...(kind === 'chat' && defaults.tools), ...row.tools }
  return {
    model: id,
    maker,
    kind,
    hidesOutput,
    contextWindow,
    maxInput,
    maxOutput,
    maxOutputTokensPerSecond: entry.maxOutputTokensPerSecond,
    fasterOutput: new Map(Object.entries(entry.fasterOutput ?? {})),
    accountNames: [defaults.tier, defaults.speed].flatMap(name => name ?? []),
    displayName: entry.displayName ?? id,
    released: new Date(releasedOn(id, entry)),
    imageTokens,
    imagesBesideInput,
    row: { ...row, tools },
    origins: {},
    bands: bandsOf(row),
    multipliers: {
      tier: multipliersOf('tier', row, defaults.tier),
      speed: multipliersOf('speed', row, defaults.speed),
      geo: multipliersOf('geo', row, defaults.geo),
    },
    fees: feesOf({ tools }),
  }
}

export function namesIn(id: string, { aliases = [] }: ModelEntry): string[] {
  return [id, ...aliases]
}

/**
 * The release day of a model, for the model list. If the file has none: the first date in its names, else the first day
 * of its prices, else the first day of a check, else the Unix epoch (Anthropic's model list uses it for an unknown day).
 */
function releasedOn(id: string, entry: ModelEntry): string {
  const first = (days: string[]) => days.sort()[0]
  return (
    entry.released ??
    first(namesIn(id, entry).flatMap(dayInName)) ??
    first(entry.prices.flatMap(({ from }) => from ?? [])) ??
    first(entry.prices.flatMap(({ checked }) => checked ?? [])) ??
    UNKNOWN_DAY
  )
}

/** The date in a name such as claude-haiku-4-5-20251001 or gpt-5-2025-08-07. */
function dayInName(name: string): string[] {
  const parts = /-(20\d{2})-?(\d{2})-?(\d{2})$/.exec(name)?.slice(1)
  const day = parts?.join('-')
  return day === undefined || Number.isNaN(Date.parse(day)) ? [] : [day]
}

export function bandsOf(row: Row): Band[] {
  const above = [...(row.above ?? [])].sort((a, b) => a.tokens - b.tokens)
  return [row, ...above].map((rates, i) =>
    bandOf(rates, i === 0 ? 0 : above[i - 1]!.tokens + 1, above[i]?.tokens ?? Number.POSITIVE_INFINITY),
  )
}

/** Pico-dollars a run, by tool. */
export function feesOf({ tools = {} }: Pick<Row, 'tools'>): Map<string, number> {
  return new Map(Object.entries(tools).map(([tool, usd]) => [tool, Number(scaled(usd, 9))]))
}

function bandOf(row: Rates, from: number, upTo: number): Band {
  // Prices and fees have at most 12 and 15 digits, so that a number represents each exactly.
  const rate = (usd: string | undefined) => (usd === undefined ? undefined : Number(scaled(usd, 6)))
  // A client may call a model in another provider's format, which reports other kinds of writes. So each kind needs a price.
  const [short, unasked] = [rate(row.write5m), rate(row.write)]
  const usual = unasked ?? short
  const rates = {
    in: Number(scaled(row.in, 6)),
    out: Number(scaled(row.out, 6)),
    read: rate(row.read),
    write5m: short ?? unasked,
    write1h: rate(row.write1h) ?? (usual === undefined ? undefined : 2 * usual),
    write: usual,
  }
  const highest = (...writes: (number | undefined)[]) =>
    Math.max(...[rates.in, rates.read, ...writes].map(one => one ?? 0))
  const mostExpensiveInput = {
    none: highest(unasked),
    '5m': highest(rates.write5m, unasked),
    // A request for a 1-hour write can also cause shorter writes.
    '1h': highest(rates.write5m, rates.write1h, rates.write),
    other: highest(rates.write),
  }
  return { from, upTo, rates, mostExpensiveInput }
}

/** Most models have no multiplier of their own, so they share one map. */
const plainMultipliers: Record<Multiplied, ReadonlyMap<string, Ratio>> = {
  tier: withAuto(namedOnes([...standard.tier, ...plainTiers]), undefined),
  speed: withAuto(namedOnes(standard.speed), undefined),
  geo: withAuto(namedOnes(standard.geo), undefined),
}

function multipliersOf(what: Multiplied, row: Row, named: string | undefined): ReadonlyMap<string, Ratio> {
  const own = row[rowKey[what]]
  if (own === undefined && named === undefined) return plainMultipliers[what]
  const plain = what === 'tier' ? plainTiers : []
  const known = namedOnes([...standard[what], ...plain])
  for (const [name, times] of Object.entries(own ?? {})) known.set(name, ratioOf(times))
  return withAuto(known, named)
}

function namedOnes(names: readonly string[]): Map<string, Ratio> {
  return new Map(names.map(name => [name, ONE]))
}

function withAuto(known: Map<string, Ratio>, named: string | undefined): Map<string, Ratio> {
  // If a model does not have the account's default, the provider serves it as standard.
  return known.has('auto') ? known : known.set('auto', (named && known.get(named)) || ONE)
}

export function startOf({ from }: Row): number {
  return from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(`${from}T00:00:00Z`)
}
