/**
 * Merges the operator's prices over the known ones. At any time the operator's row in force is merged over the known row in
 * force. Its prices replace the known ones, and absent cache prices keep their ratio to `in`. A new model needs few fields;
 * this module derives the others.
 */

import { familyOf, UNKNOWN } from './families.ts'
import { MOST_TOKENS, type OwnModel, type OwnRow, type PriceFile, type PricePatch } from './file.ts'
import { mergedRows, newRow, withOrigins } from './merged-rows.ts'
import type { Origins, OriginsByModel } from './origins.ts'

/** A price file, with the origins of its rows. */
export interface Layered {
  file: PriceFile
  origins: OriginsByModel
  /** The operator's defaults, by maker. */
  own: NonNullable<PricePatch['defaults']>
}

/** A merged file. The changed models are not checked yet. */
export interface Merged {
  defaults: NonNullable<PriceFile['defaults']>
  unchanged: PriceFile['models']
  changed: Readonly<Record<string, unknown>>
  /** All models, in their order. */
  ids: readonly string[]
  origins: OriginsByModel
}

/**
 * Fields of a model replace the known ones, aliases are added, and an unknown model is new. A name that the patch gives
 * to a model is removed from all other models; a model of the public list with this id is left out. Only the given defaults
 * of a provider change. `source` names the patch in new models.
 */
export function merge({ file, origins: known }: Layered, patch: PricePatch, source: string): Merged {
  const patched = new Map(
    Object.entries(patch.models ?? {}).map(([name, own]) => [ownerOf(name, own, file), own]),
  )
  const taken = new Set([...patched].flatMap(([id, { aliases = [] }]) => [id, ...aliases]))
  const unchanged: PriceFile['models'] = {}
  const changed: Record<string, unknown> = {}
  const origins = new Map(known)
  for (const [id, model] of Object.entries(file.models)) {
    if (patched.has(id) || (taken.has(id) && isPublic(known.get(id)))) continue
    // The same object, so that tables share what does not differ.
    const keeps = !model.aliases?.some(alias => taken.has(alias))
    unchanged[id] = keeps ? model : { ...model, aliases: without(model, taken) }
  }
  for (const [id, own] of patched) {
    const { fields, rows } = split(own)
    const replaces = isPublic(known.get(id)) && isWhole(own, rows)
    const model = replaces ? undefined : file.models[id]
    const whole = model ? { ...model, ...fields } : withDefaults(id, fields, source)
    const merged = model
      ? mergedRows(withOrigins(model.prices, known.get(id)), rows)
      : rows.map(row => newRow(id, { source, ...row }, whole))
    const aliases = [...(model ? without(model, taken) : []), ...(own.aliases ?? [])]
    changed[id] = { ...whole, prices: merged.map(({ row }) => row), aliases }
    origins.set(
      id,
      merged.map(one => one.origins),
    )
  }
  const ids = [...new Set([...Object.keys(file.models), ...patched.keys()])].filter(
    id => id in unchanged || id in changed,
  )
  return { defaults: mergedDefaults(file.defaults, patch.defaults), unchanged, changed, ids, origins }
}

function isPublic(origins: readonly Origins[] = []): boolean {
  return origins.some(row => row.in === 'public')
}

/** True if it has all fields that a new model needs. It then replaces a model of the public list with the same name. */
function isWhole({ maxInput, maxOutput }: OwnModel, rows: readonly OwnRow[]): boolean {
  const isPriced = rows.every(row => row.in !== undefined && row.out !== undefined)
  return maxInput !== undefined && maxOutput !== undefined && rows.length > 0 && isPriced
}

function without({ aliases = [] }: { aliases?: string[] }, taken: ReadonlySet<string>): string[] {
  return aliases.filter(alias => !taken.has(alias))
}

/** The given defaults of a provider replace the known ones. */
export function mergedDefaults(
  known: PriceFile['defaults'],
  given: PricePatch['defaults'] = {},
): NonNullable<PriceFile['defaults']> {
  const merged = { ...known }
  for (const [maker, own] of Object.entries(given))
    merged[maker] = {
      ...merged[maker],
      ...own,
      ...(own.tools && { tools: { ...merged[maker]?.tools, ...own.tools } }),
    }
  return merged
}

/** An alias means its model, unless the patch defines a whole model of this name. */
export function ownerOf(name: string, own: OwnModel, { models }: PriceFile): string {
  if (models[name] || (own.maxInput !== undefined && own.maxOutput !== undefined)) return name
  return Object.keys(models).find(id => models[id]?.aliases?.includes(name)) ?? name
}

/** The fields of a model and its rows. Prices in the model itself are one row that is always in force. */
function split(own: OwnModel): { fields: Omit<OwnModel, keyof OwnRow | 'prices'>; rows: OwnRow[] } {
  const {
    prices,
    in: input,
    out,
    read,
    write5m,
    write1h,
    write,
    above,
    tiers,
    speeds,
    geos,
    tools,
    ...rest
  } = own
  const { source, checked, note, ...fields } = rest
  const inside = { in: input, out, read, write5m, write1h, write, above, tiers, speeds, geos, tools }
  const given = Object.entries({ ...inside, source, checked, note }).filter(
    ([, value]) => value !== undefined,
  )
  const row: OwnRow = Object.fromEntries(given)
  return { fields, rows: prices ?? (given.length > 0 ? [row] : []) }
}

function withDefaults(id: string, own: Partial<OwnModel>, source: string): Partial<OwnModel> {
  const family = familyOf(id)
  const { maxInput = 0, maxOutput = 0 } = own
  const kind = own.kind ?? (maxOutput === 0 ? 'embedding' : 'chat')
  return {
    maker: family?.maker ?? UNKNOWN.maker,
    kind,
    hidesOutput: kind === 'chat',
    contextWindow: Math.min(maxInput + maxOutput, MOST_TOKENS),
    limitsFrom: source,
    // For an unknown provider the size of the largest image is unknown.
    ...(own.maker === undefined && !family && { imageTokens: maxInput }),
    ...own,
  }
}
