/** The public price list: models of other makers, as `npm run prices:public` writes it. */

import { readFileSync } from 'node:fs'
import type { PriceFile, Row } from './file.ts'
import { type OriginsByModel, sameOrigin } from './origins.ts'

export interface PublicFile {
  /** The name and version of the list. */
  list: string
  /** At the highest price of the providers that sell the model. */
  models: PriceFile['models']
  /** By type of upstream and model: the rows of a provider whose prices differ. */
  hosts: Record<string, Readonly<Record<string, Row[]>>>
  /** By type of upstream: the names of the models that its provider sells. */
  sold: Record<string, readonly string[]>
}

let read: PublicFile | undefined

/** The file is not checked at the start, because that takes longer than all else there; a test checks it. */
export function publicFile(): PublicFile {
  if (read) return read
  const file: PublicFile = JSON.parse(readFileSync(new URL('./public.json', import.meta.url), 'utf8'))
  read = file
  return file
}

const soldNames = new Map<string, ReadonlySet<string>>()

/** True if the provider of this type of upstream sells a model of the list by this name. */
export function isSoldBy(type: string, model: string): boolean {
  let names = soldNames.get(type)
  if (!names) {
    names = new Set(publicFile().sold[type])
    soldNames.set(type, names)
  }
  return names.has(model)
}

/** True if this type of upstream sells a model at another price than the highest. */
export function hasOwnPrices(type: string): boolean {
  return publicFile().hosts[type] !== undefined
}

/** The models at the prices of this type of upstream; without a type, or where its price is not listed, at the highest. */
export function publicModels(type: string | undefined): PriceFile['models'] {
  const { models, hosts } = publicFile()
  const priced = { ...models }
  for (const [id, prices] of Object.entries((type !== undefined && hosts[type]) || {})) {
    const model = models[id]
    if (model) priced[id] = { ...model, prices }
  }
  return priced
}

export function publicOrigins(models: PriceFile['models']): OriginsByModel {
  return new Map(
    Object.entries(models).map(([id, { prices }]) => [id, prices.map(row => sameOrigin(row, 'public'))]),
  )
}
