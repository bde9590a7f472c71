/** The types of the price table. Prices are whole pico-dollars (1e-12 US dollars) a token. */

import type { ParsedRequest } from '../dialects/dialect.ts'
import type { ModelEntry, Multiplied, Row } from './file.ts'
import type { Origins } from './merge.ts'
import type { Ratio } from './ratio.ts'

export type TokenPrice = 'in' | 'read' | 'write5m' | 'write1h' | 'write' | 'out'

/** The prices of one context tier: calls whose whole input, cached tokens counted, lies between `from` and `upTo`. */
export interface Band {
  from: number
  upTo: number
  /** Pico-dollars a token. */
  rates: Readonly<Record<TokenPrice, bigint | undefined> & { in: bigint; out: bigint }>
  /** The dearest an input token can get, by the dearest cache write the call can cause. */
  dearestInput: Readonly<Record<ParsedRequest['cacheWrite'], bigint>>
}

/** The price of one model at one time. */
export interface Price {
  /** The model's own id, whatever alias was asked for. */
  model: string
  maker: string
  kind: ModelEntry['kind']
  hidesOutput: boolean
  contextWindow: number
  maxInput: number
  maxOutput: number
  /** Highest output tokens a second of one response; undefined: only the output limit bounds it. */
  maxOutputTokensPerSecond: number | undefined
  /** The same for faster service tiers and speeds, by name. */
  fasterOutput: ReadonlyMap<string, number>
  /** The account's default tier and speed for a call that names none, if the price file has them. */
  accountNames: readonly string[]
  /** For the model list: the maker's display name, else the id; and the release day (see `releasedOn`). */
  displayName: string
  released: Date
  /** What one image can be at most, and whether it comes on top of the largest input. */
  imageTokens: number
  imagesBesideInput: boolean
  /** As written in the price file, for people. */
  row: Row
  /** Where each price of the row comes from. */
  origins: Origins
  /** From short to long; the first starts at 0, the last never ends. */
  bands: readonly Band[]
  /** By the names that requests and answers use; `auto` is what the account gives to a call that names none. */
  multipliers: Readonly<Record<Multiplied, ReadonlyMap<string, Ratio>>>
  /** Pico-dollars a call of a tool. */
  fees: ReadonlyMap<string, bigint>
}

export interface PriceTable {
  /** Short hash of all that is in it. */
  version: string
  /** Every id and alias, whether or not it has a price yet. */
  names: ReadonlySet<string>
  /** The id and all aliases of the model with this name; only the name if the model is unknown. */
  namesOf(model: string): readonly string[]
  /** By exact id or alias; undefined where there is none, or none yet at that time. */
  find(model: string, at: Date): Price | undefined
  /** By any name that a response may give the model: prefixed, dated, in other word order. */
  findServed(model: string, at: Date): Price | undefined
  /** Every id and alias with a price at that time, by name. */
  list(at: Date): { id: string; price: Price }[]
}
