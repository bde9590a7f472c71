/** Checks the routes of UPSTREAMS_FILE, each by itself and against the routes above it. */

import { fault, faultText } from '../../pricing/schema-faults.ts'
import { isAsWide } from '../model-names.ts'
import { aliasesIn, type Choice, type Context, choicesOf } from './choices.ts'
import { type FileFault, repeated, unknownName } from './faults.ts'
import { mappedFaults, modelFaults } from './route-model-faults.ts'
import type { RouteEntry, UpstreamsFile } from './schema.ts'
import { servingFaults } from './serving-faults.ts'

export function routeFaults(
  { upstreams, routes = [] }: UpstreamsFile,
  { prices, tables }: Pick<Context, 'prices' | 'tables'>,
): FileFault[] {
  const context: Context = {
    upstreams: new Map(upstreams.map(one => [one.name, one])),
    prices,
    tables,
    known: [...prices.names],
    aliases: aliasesIn(routes, prices),
  }
  const own = routes.flatMap((route, i) => {
    const path = `/routes/${i}`
    const choices = choicesOf(route, path, context)
    return [
      ...shapeFaults(route, path),
      ...choiceFaults(route, choices, path, context),
      ...coveredFaults(routes, i),
      ...modelFaults(route, choices, path, context),
      ...servingFaults(route, choices, path, context),
    ]
  })
  return [...mappedFaults(upstreams, context), ...own]
}

function shapeFaults({ order, targets }: RouteEntry, path: string): FileFault[] {
  if (order && targets) return [faultText(path, 'order and targets', 'one of the two')]
  return order || targets ? [] : [faultText(path, 'neither order nor targets', 'one of the two')]
}

function choiceFaults(
  { targets = [] }: RouteEntry,
  choices: readonly Choice[],
  path: string,
  { upstreams }: Context,
): FileFault[] {
  const names = [...upstreams.keys()]
  const unknown = choices.filter(({ upstream }) => !upstream)
  const twice = repeated(choices, ({ name, model }) => JSON.stringify([name, model]))
  const isUnused = targets.length > 0 && targets.every(({ weight }) => weight === 0)
  return [
    ...unknown.map(({ name, namePath }) => unknownName(namePath, name, 'the name of an upstream', names)),
    ...twice.map(([{ name, namePath }]) => fault(namePath, name, 'each target once')),
    ...(isUnused
      ? [faultText(`${path}/targets`, 'only weights of 0', 'a weight above 0 for at least one target')]
      : []),
  ]
}

/** Names of a route that a call cannot reach, because a route above has the same or a wider pattern. */
function coveredFaults(routes: readonly RouteEntry[], i: number): FileFault[] {
  const models = routes[i]?.models ?? []
  const path = (at: number) => `/routes/${i}/models/${at}`
  const twice = repeated(models, name => name).map(([name, at]) => fault(path(at), name, 'each model once'))
  const covered = models.flatMap((name, at) => {
    const [above] = routes
      .slice(0, i)
      .flatMap((route, k) =>
        route.models.filter(other => isAsWide(other, name)).map(other => [other, k] as const),
      )
    if (!above) return []
    const [wider, k] = above
    return [
      {
        ...fault(
          path(at),
          name,
          `a model that calls can reach, because ${wider} in /routes/${k} is used first`,
        ),
        fix: 'Put the narrower route first, or remove the model from one of them.',
      },
    ]
  })
  return [...twice, ...covered]
}
