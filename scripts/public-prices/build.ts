/**
 * Builds the public price file. Models of several providers with the same plain name are one model, at the highest price
 * of these providers; `hosts` has the price of each provider that differs.
 */

import type { ModelEntry, Row } from '../../src/pricing/file.ts'
import { plainName } from '../../src/pricing/names.ts'
import type { PublicFile } from '../../src/pricing/public.ts'
import { dollarsOf } from '../../src/pricing/ratio.ts'
import { highest } from './decimals.ts'
import { knownFaults } from './known-faults.ts'
import { type ListedModel, modelsOf } from './list.ts'
import type { KnownFault } from './override.ts'
import { type ListedProvider, providers } from './providers.ts'
import { highestOf, rowFields } from './rates.ts'

/** For models without a listed window: the largest of any listed model, except Llama 4 Scout, which has a known one. */
const UNKNOWN_WINDOW = 2_097_152

const HOURS = 'The price depends on the hour; this is the highest one of the day.'

/** The models of one plain name, at one or several providers. */
type Group = [ListedModel, ...ListedModel[]]

/**
 * `list` names the list and its version in each row; `taken` has the names of the built-in table. Throws an Error if a
 * known fault matches nothing, because the list no longer has it.
 */
export function publicPrices(list: string, taken: ReadonlySet<string>): PublicFile {
  const used = new Set<KnownFault>()
  const listed = providers.flatMap(provider => modelsOf(provider, used))
  const unmatched = knownFaults.filter(fault => !used.has(fault))
  if (unmatched.length > 0)
    throw new Error(`known faults without a match: ${unmatched.map(({ names }) => names).join(', ')}`)
  const plainTaken = new Set([...taken].map(name => plainName(name).base))
  const groups = [...Map.groupBy(listed, ({ key }) => key).values()]
    .flatMap(([first, ...rest]): Group[] => (first ? [[first, ...rest]] : []))
    .filter(([{ key }]) => !plainTaken.has(key))
    .sort(byPrice)
  return { list, ...filesOf(groups, list, taken) }
}

/** The most expensive first, because the table takes the first model that a name in a response could mean. */
function byPrice(a: Group, b: Group): number {
  const [priceA, priceB] = [lastOutputPrice(a), lastOutputPrice(b)]
  if (priceA === priceB) return a[0].key < b[0].key ? -1 : 1
  return priceA > priceB ? -1 : 1
}

function lastOutputPrice(group: Group): bigint {
  return rowsIn(group).at(-1)?.rates.at(-1)?.out ?? 0n
}

function filesOf(groups: Group[], list: string, taken: ReadonlySet<string>) {
  const models: PublicFile['models'] = {}
  const hosts: PublicFile['hosts'] = {}
  const sold: Record<string, Set<string>> = {}
  const names = new Set(taken)
  const ids = groups.map(idOf)
  for (const id of ids) names.add(id)
  for (const [i, group] of groups.entries()) {
    const id = ids[i]!
    const aliases = [...new Set(group.flatMap(model => model.names))].filter(name => !names.has(name))
    for (const alias of aliases) names.add(alias)
    const entry = entryOf(group, aliases, list)
    models[id] = entry
    for (const [type, rows] of hostRows(group, entry, list)) hosts[type] = { ...hosts[type], [id]: rows }
    for (const { names: own, provider } of group)
      for (const type of provider.types) sold[type] = (sold[type] ?? new Set()).union(new Set(own))
  }
  const sorted = Object.entries(sold).map(([type, own]) => [type, [...own].sort()] as const)
  return { models, hosts, sold: Object.fromEntries(sorted) }
}

/** A name that a provider uses, if possible the plain one. */
function idOf(group: Group): string {
  const names = group.flatMap(model => model.names)
  return names.find(name => name === group[0].key) ?? names[0] ?? group[0].key
}

function entryOf(group: Group, aliases: string[], list: string): ModelEntry {
  const [{ maker, kind }] = group
  const windows = group.flatMap(({ contextWindow }) => contextWindow ?? [])
  const contextWindow = windows.length > 0 ? Math.max(...windows) : UNKNOWN_WINDOW
  const outputs = group.flatMap(({ maxOutput }) => maxOutput ?? [])
  return {
    maker,
    kind,
    hidesOutput: kind === 'chat',
    ...(aliases.length > 0 && { aliases }),
    contextWindow,
    maxInput: contextWindow,
    maxOutput:
      outputs.length === group.length ? Math.min(Math.max(...outputs), contextWindow) : contextWindow,
    limitsFrom: [
      windows.length > 0 ? list : `unknown: the largest context window of ${list}`,
      ...new Set(group.flatMap(({ limitSources }) => limitSources)),
    ].join('; '),
    prices: pricesOf(group, list),
  }
}

/** The rows of each type of upstream whose prices differ from the highest ones. */
function hostRows(group: Group, { prices }: ModelEntry, list: string): [string, Row[]][] {
  return providers.flatMap(provider => {
    if (!group.some(model => model.provider === provider)) return []
    const isSold = ({ id }: ListedProvider) => id === provider.id || provider.resells?.includes(id)
    const [first, ...rest] = group.filter(model => isSold(model.provider))
    if (!first || rest.length + 1 === group.length) return []
    const own = pricesOf([first, ...rest], list)
    const isSame = JSON.stringify(own.map(bare)) === JSON.stringify(prices.map(bare))
    return isSame ? [] : provider.types.map((type): [string, Row[]] => [type, own])
  })
}

function bare({ source, note, ...row }: Row): Omit<Row, 'source' | 'note'> {
  return row
}

function pricesOf(group: Group, list: string): Row[] {
  const urls = [...new Set(group.map(({ pricingUrl }) => pricingUrl))]
  const source = `${urls.length > 1 ? 'the highest of ' : ''}${urls.join(', ')}; as in ${list}`
  const fees = group.flatMap(({ webSearch }) => webSearch ?? [])
  const corrections = new Set(group.flatMap(model => model.corrections))
  return rowsIn(group).map(({ from, rates, hasHours }) => ({
    ...(from !== undefined && { from }),
    ...rowFields(rates, group[0].kind),
    ...(fees.length > 0 && { tools: { web_search: dollarsOf(highest(fees)) } }),
    source,
    ...noteOf([...corrections, ...(hasHours ? [HOURS] : [])]),
  }))
}

function noteOf(notes: readonly string[]): { note?: string } {
  return notes.length > 0 ? { note: notes.join(' ') } : {}
}

/** One row for each day on which the price of one of the models changes. */
function rowsIn(group: Group) {
  const days = [...new Set(group.flatMap(({ rows }) => rows.map(({ from }) => from ?? '')))].sort()
  return days.map((day, i) => {
    const inForce = group.map(({ rows }) => rows.filter(({ from = '' }) => from <= day).at(-1) ?? rows[0]!)
    return {
      from: i === 0 ? undefined : day,
      rates: highestOf(inForce.flatMap(({ hours }) => hours)),
      hasHours: inForce.some(({ hours }) => hours.length > 1),
    }
  })
}
