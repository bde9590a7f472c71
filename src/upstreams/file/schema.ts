/** The schema of UPSTREAMS_FILE. */

import { type Static, Type } from 'typebox'
import { routeEntry } from './route-schema.ts'
import { strict, words } from './schema-words.ts'
import { type key, upstreamEntry } from './upstream-schema.ts'

export const upstreamsFile = Type.Object(
  {
    upstreams: Type.Array(upstreamEntry, {
      minItems: 1,
      ...words(
        'at least one upstream',
        'Where calls may go. Without a route, the most direct one that serves the model',
      ),
    }),
    routes: Type.Optional(
      Type.Array(routeEntry, {
        ...words(
          'a list of routes',
          'Which upstreams serve which models. The first route that matches is used',
        ),
      }),
    ),
    $schema: Type.Optional(
      Type.String({ ...words('the address of a JSON schema', 'The address of this schema, for editors') }),
    ),
  },
  { ...strict, expected: 'an object with upstreams and routes' },
)

export type UpstreamEntry = Static<typeof upstreamEntry>
export type KeySource = Static<typeof key>
export type RouteEntry = Static<typeof routeEntry>
export type UpstreamsFile = Static<typeof upstreamsFile>

/** The variables that the file names as sources of keys. */
export function keyVariablesOf({ upstreams }: UpstreamsFile): string[] {
  return upstreams.flatMap(({ keys = [] }) => keys.flatMap(key => ('env' in key ? key.env : [])))
}
