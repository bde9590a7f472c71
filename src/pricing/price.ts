/** The types of the price table. Prices are whole pico-dollars (1e-12 US dollars) a token. */

import type { ParsedRequest } from '../dialects/dialect.ts'
import type { ModelEntry, Multiplied, Row } from './file.ts'
import type { Origins } from './origins.ts'
import type { Ratio } from './ratio.ts'

export type TokenPrice = 'in' | 'read' | 'write5m' | 'write1h' | 'write' | 'out'

/** The prices of one context tier: for calls with `from` to `upTo` input tokens, cached tokens included. */
export interface Band {
  from: number
  upTo: number
  /** Pico-dollars a token. */
  rates: Readonly<Record<TokenPrice, number | undefined> & { in: number; out: number }>
  /** The highest price of an input token, by the most expensive cache write that the call can cause. */
  mostExpensiveInput: Readonly<Record<ParsedRequest['cacheWrite'], number>>
}

/** The price of one model at one time. */
export interface Price {
  /** The id of the model. A request may use an alias. */
  model: string
  maker: string
  kind: ModelEntry['kind']
  hidesOutput: boolean
  contextWindow: number
  maxInput: number
  maxOutput: number
  /** Highest output tokens a second of one response; undefined: only the output limit bounds it. */
  maxOutputTokensPerSecond: number | undefined
  /** Output tokens a second of faster service tiers and speeds, by name. */
  fasterOutput: ReadonlyMap<string, number>
  /** The default tier and speed of the account, if the price file has them. */
  accountNames: readonly string[]
  /** For the model list: the display name of the price file, else the id; and the release day (see `releasedOn`). */
  displayName: string
  released: Date
  /** Highest tokens of one image, and whether the provider counts them beside `maxInput`. */
  imageTokens: number
  imagesBesideInput: boolean
  /** The row of the price file. The admin API shows it. */
  row: Row
  /** The origin of each price of the row. */
  origins: Origins
  /** In ascending order. The first starts at 0, and the last has no end. */
  bands: readonly Band[]
  /** By the names that requests and responses use. `auto` is the account's default. */
  multipliers: Readonly<Record<Multiplied, ReadonlyMap<string, Ratio>>>
  /** Pico-dollars a run of a tool. */
  fees: ReadonlyMap<string, number>
}

export interface PriceTable {
  /** Short hash of the merged price file and its multiplier. */
  version: string
  /** The multiplier of all its prices, as the upstream has it. Undefined: none. */
  multiplier: string | undefined
  /** Every id and alias. A model may have no price yet. */
  names: ReadonlySet<string>
  /** Returns the id and all aliases of the model with this name. If the model is unknown, it returns only the name. */
  namesOf(model: string): readonly string[]
  /** Finds a price by the exact id or alias. Returns undefined if there is no price at that time. */
  find(model: string, at: Date): Price | undefined
  /** Finds a price by a name in a response. The name may have a prefix, a date or another word order. */
  findServed(model: string, at: Date): Price | undefined
  /** Lists every id and alias with a price at that time, in the order of the names. */
  list(at: Date): { id: string; price: Price }[]
}
