/** Builds the price table: checks the price files, merges them, and converts the prices to integers. */

import { createHash } from 'node:crypto'
import { check, refuseContradictions, refuseIncomplete } from './faults.ts'
import { type ModelEntry, type PriceFile, priceFile, pricePatch } from './file.ts'
import { type Layered, merge, mergedDefaults } from './merge.ts'
import { type Defaults, namesIn, priceOf, startOf } from './model-price.ts'
import { plainName } from './names.ts'
import { type Origins, sameOrigin } from './origins.ts'
import type { Price, PriceTable } from './price.ts'

/** Longest name that is looked up, because a response may contain any text. */
const LONGEST_NAME = 256

/** All names of a model, and its rows in descending order of their start. */
interface Model {
  names: readonly string[]
  history: readonly { since: number; price: Price }[]
}

/**
 * Builds the table from the built-in prices and the operator's prices (both as parsed JSON). Throws an Error with all
 * `faults` at once; each has a place, a found value and an expected value.
 */
export function loadPrices(builtin: unknown, override: unknown = {}): PriceTable {
  const known = { file: check(priceFile, builtin), origins: new Map(), own: {} }
  return tableOf(patched(known, override, 'PRICES_FILE'))
}

/**
 * The operator's prices, as parsed JSON, over checked ones. `source` names them in new models. Throws as `loadPrices`. Only
 * what the patch changes is checked, because a check of all models takes longer than all else.
 */
export function patched(known: Layered, override: unknown, source: string): Layered {
  const patch = check(pricePatch, override)
  refuseIncomplete(known.file, patch)
  const { defaults, unchanged, changed, ids, origins } = merge(known, patch, source)
  const checked = check(priceFile, { defaults, models: changed }).models
  const models = Object.fromEntries(
    ids.flatMap(id => {
      const model = checked[id] ?? unchanged[id]
      return model ? [[id, model]] : []
    }),
  )
  const file: PriceFile = { defaults, models }
  refuseContradictions(file, patch)
  return { file, origins, own: mergedDefaults(known.own, patch.defaults) }
}

export function tableOf({ file, origins, own }: Layered): PriceTable {
  const models = new Map<string, Model>()
  for (const [id, entry] of Object.entries(file.models)) {
    const { maker } = entry
    const model = modelOf(id, entry, file.defaults?.[maker], own[maker], origins.get(id))
    for (const name of model.names) models.set(name, model)
  }
  const names = [...models.keys()].sort()
  const served = servedNames(models)
  const find = (model: string, at: Date) => priceAt(models.get(model), at)
  return Object.freeze({
    version: versionOf(file),
    multiplier: undefined,
    names: new Set(names),
    namesOf: (model: string) => models.get(model)?.names ?? [model],
    find,
    findServed: (model: string, at: Date) => priceAt(models.get(model) ?? served(model), at),
    list: (at: Date) =>
      names.flatMap(id => {
        const price = find(id, at)
        return price ? [{ id, price }] : []
      }),
  })
}

function priceAt(model: Model | undefined, at: Date): Price | undefined {
  if (!model) return undefined
  const time = at.getTime()
  for (const { since, price } of model.history) if (since <= time) return price
  return undefined
}

interface Known {
  defaults: string
  model: Model
}
/** The models of earlier tables: tables share each model that does not differ. */
const known = new WeakMap<ModelEntry, Known>()

function modelOf(
  id: string,
  entry: ModelEntry,
  defaults: Defaults | undefined,
  own: Defaults | undefined,
  origins: readonly Origins[] = [],
): Model {
  const text = JSON.stringify([id, defaults, own])
  const earlier = known.get(entry)
  if (earlier?.defaults === text) return earlier.model
  const history = entry.prices
    .map((row, i) => {
      const price = priceOf(id, entry, row, defaults)
      price.origins = { ...feeOrigins(price.row, own), ...(origins[i] ?? sameOrigin(row, 'built-in')) }
      return { since: startOf(row), price: Object.freeze(price) }
    })
    .sort((a, b) => b.since - a.since)
  const model = { names: Object.freeze(namesIn(id, entry)), history }
  known.set(entry, { defaults: text, model })
  return model
}

/** The origins of tool fees from the provider's defaults. */
function feeOrigins({ tools = {} }: Price['row'], own: Defaults = {}): Origins {
  return Object.fromEntries(
    Object.keys(tools).map(tool => [
      `tools.${tool}`,
      own.tools?.[tool] === undefined ? 'built-in' : 'override',
    ]),
  )
}

/** Finds models by names in responses: first the same version, else the model without a version. */
function servedNames(models: ReadonlyMap<string, Model>) {
  const versions = new Map<string, Model>()
  const plain = [...models].map(([name, model]) => ({ ...plainName(name), model }))
  for (const { base, day, model } of plain) if (!versions.has(base + day)) versions.set(base + day, model)
  // If a model has no name without a date, its dated name counts as one.
  for (const { base, model } of plain) if (!versions.has(base)) versions.set(base, model)
  return (name: string) => {
    if (name.length > LONGEST_NAME) return undefined
    const { base, day } = plainName(name)
    return versions.get(base + day) ?? versions.get(base)
  }
}

/** Short hash of a value of JSON. The order of its keys does not matter. */
export function versionOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 12)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    one !== null && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}
