/** The price file: one form for the built-in tables and for PRICES_FILE. Prices are decimals in strings, so that they are exact. */

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

/** US dollars per million tokens. Tokens of a kind that is left out have no price, and a call that used them has none. */
const rates = {
  in: dollars,
  out: dollars,
  /** Read from the provider's cache. */
  read: Type.Optional(dollars),
  /**
   * Written to it to live 5 minutes; to live an hour or longer; to live as long as the provider pleases. The first and the
   * last stand for each other where one is left out; a long life costs twice as much where nothing is said of it.
   */
  write5m: Type.Optional(dollars),
  write1h: Type.Optional(dollars),
  write: Type.Optional(dollars),
}

const rowFields = {
  ...rates,
  /** A call with more input tokens than `tokens`, cached ones counted, pays these rates for all of its tokens. */
  above: Type.Optional(Type.Array(Type.Object({ tokens, ...rates }, strict))),
  /** All token prices times this, by what the answer reports (service_tier, speed, inference_geo). */
  tiers: perName(multiplier),
  speeds: perName(multiplier),
  geos: perName(multiplier),
  /** US dollars per thousand calls of a tool that runs at the provider. No multiplier touches them. */
  tools: perName(dollars),
  source: text,
  /** The day the row was last compared with its source. */
  checked: Type.Optional(day),
  note: Type.Optional(text),
}
export const rowNames = objectKeys(rowFields)
/** In force from the start of this day (UTC) until that of the next row. Left out: from the beginning. */
const from = Type.Optional(day)
const row = Type.Object({ from, ...rowFields }, strict)
/** A row of PRICES_FILE. It is merged over the built-in row, so it needs only the prices that differ. */
const ownRow = Type.Partial(row, strict)

const model = {
  maker: name,
  kind: Type.Union([Type.Literal('chat'), Type.Literal('embedding')], { expected: '"chat" or "embedding"' }),
  /** Does it think out of sight without being asked to? Then the bytes of an answer are no measure of its output. */
  hidesOutput: Type.Boolean({ expected: 'true or false' }),
  aliases: Type.Optional(Type.Array(name)),
  contextWindow: tokens,
  maxInput: tokens,
  maxOutput: tokens,
  /**
   * Highest output tokens a second of one response: an upper bound, at least 3 times any published or measured speed.
   * Left out for models that reason in parallel: only the output limit bounds those.
   */
  maxOutputTokensPerSecond: Type.Optional(perSecond),
  /** The same for a service tier or speed that is faster, by its name. */
  fasterOutput: Type.Optional(Type.Record(name, perSecond, strict)),
  /** Source of the speeds, with the day they were read. */
  speedFrom: Type.Optional(text),
  /** For the model list. Default: the id, and the first known day of the model. */
  displayName: Type.Optional(text),
  released: Type.Optional(day),
  /** What one image can be at most. Left out: the maker's default, or, without one, the largest input. */
  imageTokens: Type.Optional(tokens),
  /** Image tokens stand on the bill only: they take no room in the context, and come on top of the largest input. */
  imagesBesideInput: Type.Optional(Type.Boolean({ expected: 'true or false' })),
  /** Where the limits and aliases come from. */
  limitsFrom: text,
}
const rows = { minItems: 1, expected: 'at least one row of prices' }

/** What a maker's account gives to a call that names none (standard where left out), and what holds for most of its models. */
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

/** What multiplies the token prices. An answer says what it was; a request says what it wants. */
export const multiplied = ['tier', 'speed', 'geo'] as const
export type Multiplied = (typeof multiplied)[number]

/** Names of requests and answers that stand for no multiplier, whatever the model. */
export const standard: Record<Multiplied, string[]> = {
  tier: ['standard', 'default', 'standard_only'],
  speed: ['standard'],
  geo: ['global', 'not_available'],
}

/** Tiers of compatible servers that cost what the standard one does. */
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

/** Where a row keeps its multipliers. */
export const rowKey = { tier: 'tiers', speed: 'speeds', geo: 'geos' } as const satisfies Record<
  Multiplied,
  keyof Row
>

export type PriceFile = Static<typeof priceFile>
export type PricePatch = Static<typeof pricePatch>
export type ModelEntry = PriceFile['models'][string]
export type Row = Static<typeof row>
export type OwnModel = Static<typeof ownModel>
export type OwnRow = Static<typeof ownRow>

function objectKeys<Fields extends object>(fields: Fields) {
  return Object.keys(fields).filter((name): name is keyof Fields & string => name in fields)
}
