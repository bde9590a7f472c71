/** The model lists of upstreams, in the forms in which providers send them. */

import { isObject } from '../dialects/wire/json.ts'
import type { RouteEntry } from './file/schema.ts'
import { isPattern, mappedModel } from './model-names.ts'
import { modelNameOf } from './types.ts'
import type { Upstream } from './upstream.ts'

/** The names in a model list. Undefined: the text is no model list. */
export function namesIn(body: string): string[] | undefined {
  const list = listIn(parsed(body))
  return list?.flatMap(entry => {
    const name = isObject(entry) ? (entry.id ?? entry.name) : entry
    return typeof name === 'string' ? [name.replace(/^models\//, '')] : []
  })
}

function listIn(body: unknown): readonly unknown[] | undefined {
  const found = isObject(body) ? (body.data ?? body.models) : body
  return Array.isArray(found) ? found : undefined
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** The upstream's own names of the models that its `models` and the routes name, and that its list does not have. */
export function missingModels(
  upstream: Upstream,
  routes: readonly RouteEntry[],
  listed: readonly string[],
): string[] {
  const { models = {} } = upstream.settings
  const mapped = Object.values(models).filter(name => !isPattern(name))
  const wanted = new Set([...mapped, ...routedModels(upstream, routes)])
  return [...wanted].filter(name => !listed.some(one => isSame(one, name)))
}

function routedModels({ name, settings, type }: Upstream, routes: readonly RouteEntry[]): string[] {
  const [dialect = ''] = Object.keys(type.paths)
  const asked = routes.flatMap(({ models, order = [], targets = [] }) => [
    ...(order.includes(name) ? models : []),
    ...targets.filter(({ upstream }) => upstream === name).flatMap(({ model }) => model ?? models),
  ])
  return asked
    .filter(model => !isPattern(model))
    .flatMap(
      model =>
        (settings.models ? mappedModel(settings.models, model) : modelNameOf(type, dialect, model)) ?? [],
    )
}

/** A list may have a model under its dated name only: `claude-haiku-4-5-20251001`. */
function isSame(listed: string, name: string): boolean {
  return (
    listed === name || (listed.startsWith(name) && /^[-@]20\d\d-?\d\d-?\d\d$/.test(listed.slice(name.length)))
  )
}
