/** The schema of the built-in price files and of PRICES_FILE. Prices are decimals in strings, because they must be exact. */

import { type Static, Type } from 'typebox'

const strict = { additionalProperties: false }
const dollars = Type.String({
  pattern: '^\\d{1,6}(\\.\\d{1,6})?$',
  expected: 'US dollars in a string with at most 6 decimals, such as "0.125"',
})
const multiplier = Type.String({
  pattern: '^(\\d{1,3}(\\.\\d{1,6})?|\\d{1,6}/[1-9]\\d{0,5})$',
  expected: 'a multiplier in a string, such as "0.5" or "5/3"',
})
const name = Type.String({ pattern: '^\\S+$', expected: 'a name without spaces' })
const text = Type.String({ minLength: 1, expected: 'some words' })
export const MOST_TOKENS = 2 ** 31
const tokens = Type.Integer({ minimum: 0, maximum: MOST_TOKENS, expected: 'a whole number of tokens' })
const perSecond = Type.Integer({
  minimum: 1,
  maximum: 1_000_000,
  expected: 'a whole number of tokens a second, 1 or more',
})
const day = Type.String({ format: 'date', expected: 'a day, such as "2026-10-07"' })
const perName = (value: typeof dollars) => Type.Optional(Type.Record(name, value, strict))

/** US dollars per million tokens. A call that used tokens of an absent kind has no price. */
const rates = {
  in: dollars,
  out: dollars,
  /** Tokens read from the provider's cache. */
  read: Type.Optional(dollars),
  /**
   * Tokens written to the cache for 5 minutes; for an hour or longer; for a time that the provider chooses. If `write5m` or
   * `write` is absent, the other one replaces it. If `write1h` is absent, it costs twice as much as `write`.
   */
  write5m: Type.Optional(dollars),
  write1h: Type.Optional(dollars),
  write: Type.Optional(dollars),
}

const rowFields = {
  ...rates,
  /** A call with more input tokens than `tokens`, cached tokens included, pays these rates for all of its tokens. */
  above: Type.Optional(Type.Array(Type.Object({ tokens, ...rates }, strict))),
  /** Multipliers of all token prices, by the name in the response (service_tier, speed, inference_geo). */
  tiers: perName(multiplier),
  speeds: perName(multiplier),
  geos: perName(multiplier),
  /** US dollars per thousand runs of a tool of the provider. Multipliers do not change them. */
  tools: perName(dollars),
  source: text,
  /** The day the row was last compared with its source. */
  checked: Type.Optional(day),
  note: Type.Optional(text),
}
export const rowNames = objectKeys(rowFields)
/** The row is in force from the start of this day (UTC) until the next row starts. Absent: from the beginning. */
const from = Type.Optional(day)
const row = Type.Object({ from, ...rowFields }, strict)
/** A row of PRICES_FILE. It is merged over the built-in row, so it needs only the prices that differ. */
const ownRow = Type.Partial(row, strict)

const model = {
  maker: name,
  kind: Type.Union([Type.Literal('chat'), Type.Literal('embedding')], { expected: '"chat" or "embedding"' }),
  /** True: the model has hidden reasoning by default, so the bytes of a response do not show how much output it has. */
  hidesOutput: Type.Boolean({ expected: 'true or false' }),
  aliases: Type.Optional(Type.Array(name)),
  contextWindow: tokens,
  maxInput: tokens,
  maxOutput: tokens,
  /**
   * Highest output tokens a second of one response: an upper bound, at least 3 times any published or measured speed.
   * Absent for models that reason in parallel: only the output limit bounds their output.
   */
  maxOutputTokensPerSecond: Type.Optional(perSecond),
  /** Output tokens a second of a faster service tier or speed, by its name. */
  fasterOutput: Type.Optional(Type.Record(name, perSecond, strict)),
  /** Source of the speeds, with the day of the reading. */
  speedFrom: Type.Optional(text),
  /** For the model list. Defaults: the id, and the first known day of the model. */
  displayName: Type.Optional(text),
  released: Type.Optional(day),
  /** Highest tokens of one image. Absent: the provider's default, else the largest input. */
  imageTokens: Type.Optional(tokens),
  /** True: the provider charges image tokens beside the input, so they do not count towards `maxInput`. */
  imagesBesideInput: Type.Optional(Type.Boolean({ expected: 'true or false' })),
  /** Source of the limits and aliases. */
  limitsFrom: text,
}
const rows = { minItems: 1, expected: 'at least one row of prices' }

/** The account's default tier, speed and place at a provider (standard if absent), and the defaults of the provider's models. */
const defaults = Type.Object(
  {
    tier: Type.Optional(name),
    speed: Type.Optional(name),
    geo: Type.Optional(name),
    imageTokens: Type.Optional(tokens),
    /** Fees of tools for chat models; a row's own fees come first. */
    tools: perName(dollars),
  },
  strict,
)

const head = { note: Type.Optional(text), defaults: Type.Optional(Type.Record(name, defaults, strict)) }
const whole = Type.Object({ ...model, prices: Type.Array(row, rows) }, strict)
/** Prices without a start day may be in the model itself, instead of in `prices`. */
export const ownModel = Type.Partial(
  Type.Object({ ...model, ...rowFields, prices: Type.Array(ownRow, rows) }, strict),
  strict,
)
export const priceFile = Type.Object({ ...head, models: Type.Record(name, whole, strict) }, strict)
export const pricePatch = Type.Object(
  { ...head, models: Type.Optional(Type.Record(name, ownModel, strict)) },
  strict,
)

/** An upstream's own prices, and a multiplier of every token price and fee, which is at most MOST_TIMES. */
export const upstreamPrices = Type.Object(
  { ...pricePatch.properties, multiplier: Type.Optional(multiplier) },
  strict,
)
export const MOST_TIMES = 1000

/** The properties that multiply the token prices. A request asks for them, and a response reports them. */
export const multiplied = ['tier', 'speed', 'geo'] as const
export type Multiplied = (typeof multiplied)[number]

/** Names in requests and responses that mean a multiplier of 1 on every model. */
export const standard: Record<Multiplied, string[]> = {
  tier: ['standard', 'default', 'standard_only'],
  speed: ['standard'],
  geo: ['global', 'not_available'],
}

/** Tiers of compatible servers that cost as much as the standard tier. */
export const plainTiers = [
  '',
  'on_demand',
  'on-demand',
  'ondemand',
  'pay_as_you_go',
  'pay-as-you-go',
  'payg',
  'basic',
  'normal',
  'regular',
  'shared',
  'none',
  'null',
  'unknown',
  'unspecified',
]

/** The field of a row that has the multipliers. */
export const rowKey = { tier: 'tiers', speed: 'speeds', geo: 'geos' } as const satisfies Record<
  Multiplied,
  keyof Row
>

export type PriceFile = Static<typeof priceFile>
export type PricePatch = Static<typeof pricePatch>
export type UpstreamPrices = Static<typeof upstreamPrices>
export type ModelEntry = PriceFile['models'][string]
export type Row = Static<typeof row>
export type OwnModel = Static<typeof ownModel>
export type OwnRow = Static<typeof ownRow>

function objectKeys<Fields extends object>(fields: Fields) {
  return Object.keys(fields).filter((name): name is keyof Fields & string => name in fields)
}
