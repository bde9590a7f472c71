/** The models a caller may use, in the shape of its own API. */

import type { Dialect } from '../dialect.ts'

export interface ListedModel {
  /** The name that requests use. An alias is listed under its own name, with its model's facts. */
  id: string
  /** Who makes it. */
  maker: string
  maxInput: number
  maxOutput: number
  displayName: string
  released: Date
}

export function modelList(family: Dialect['family'], models: readonly ListedModel[]): object {
  const data = models.map(model => modelEntry(family, model))
  if (family === 'openai') return { object: 'list', data }
  return { data, has_more: false, first_id: models[0]?.id ?? null, last_id: models.at(-1)?.id ?? null }
}

export function modelEntry(family: Dialect['family'], model: ListedModel): object {
  const { id, maker, maxInput, maxOutput, displayName, released } = model
  if (family === 'openai') {
    return { id, object: 'model', created: Math.floor(released.getTime() / 1000), owned_by: maker }
  }
  return {
    type: 'model',
    id,
    display_name: displayName,
    created_at: `${released.toISOString().slice(0, 19)}Z`,
    max_input_tokens: maxInput,
    max_tokens: maxOutput,
  }
}
