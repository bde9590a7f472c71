/** Responses of the admin API about upstreams and routes. */

import { Type } from 'typebox'
import { moment, nullable } from '../clients/responses.ts'

const text = (description: string) => Type.String({ description })
const whole = (description: string) => Type.Integer({ minimum: 0, description })

/** A circuit that is not closed. */
export const circuit = Type.Object(
  {
    state: Type.Enum(['open', 'half_open'], {
      description: 'open: calls fail fast; half_open: one call at a time probes',
    }),
    since: moment('When the upstream first refused the gateway, limited it or failed'),
    retryAfterMs: Type.Integer({ description: 'Milliseconds until a call may probe; 0: the next one does' }),
    reason: text('The response of the upstream'),
    openings: Type.Integer({ description: 'Since the start of this replica, each refused probe included' }),
    key: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'The number of the key that is set aside, if the upstream has several',
      }),
    ),
  },
  {
    title: 'Circuit',
    description:
      'No calls of this model go to the upstream, or none with this key, as this replica has seen it',
  },
)

const upstream = Type.Object(
  {
    name: Type.String(),
    type: text('As in UPSTREAMS_FILE'),
    title: text("The provider's name"),
    address: text('Origin and path of its API'),
    models: nullable(
      Type.Record(Type.String(), Type.String(), {
        description:
          "The gateway's names of models, and its own; null: every model of its type, by the gateway's name",
      }),
    ),
    dialects: Type.Array(Type.String(), { description: 'The formats of calls that it serves' }),
    keys: whole('Keys; 0: it needs none'),
    keysSetAside: whole('Keys that are refused or limited now for a model'),
    running: whole('Attempts that run now'),
    concurrency: nullable(whole('The most attempts of a replica at once; null: no limit')),
    firstByteMs: nullable(
      Type.Number({ description: 'Moving average of the time to the first byte; null: none was measured' }),
    ),
    health: Type.Enum(['ok', 'degraded', 'down'], {
      description:
        'down: the last five attempts failed; or failures or refusals of all keys keep calls of a model away, and no call has been accepted since. degraded: any other circuit is not closed. ok: all circuits are closed',
    }),
    circuits: Type.Array(
      Type.Object({ model: Type.String(), ...circuit.properties }, { title: 'CircuitOfModel' }),
      { description: 'Circuits that are not closed; empty: none' },
    ),
  },
  { title: 'Upstream', description: 'Figures and states are those of the replica that answers' },
)

const route = Type.Object(
  {
    models: Type.Array(Type.String(), { description: 'Names and patterns of models' }),
    isBalanced: Type.Boolean({
      description: 'true: the targets share the calls by weight; false: they are tried in their order',
    }),
    targets: Type.Array(
      Type.Object({
        upstream: Type.String(),
        model: nullable(text("The gateway's name of the model there; null: the one that was asked for")),
        weight: nullable(whole('Share of the calls; null: the targets are tried in their order')),
      }),
    ),
    retries: whole('Attempts after the first'),
    sticky: nullable(text('client or client+prefix; null: calls are not kept on one target')),
  },
  { title: 'Route' },
)

export const upstreams = Type.Object(
  {
    upstreams: Type.Array(upstream),
    routes: Type.Array(route, { description: 'In the order of the file; the first match is used' }),
    fault: nullable(
      text(
        'Why UPSTREAMS_FILE was not taken over, while its previous content stays in force; null: it has no fault',
      ),
    ),
  },
  { title: 'Upstreams' },
)

const checkedKey = Type.Object({
  key: Type.Integer({ minimum: 1, description: 'Its number, in the order of the file' }),
  result: Type.Enum(['accepted', 'refused', 'unknown']),
  detail: text('What the upstream answered'),
})

export const upstreamsChecked = Type.Object(
  {
    ok: Type.Boolean({ description: 'Every upstream works' }),
    upstreams: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          title: Type.String(),
          works: Type.Boolean({ description: 'It responds, and refuses no key' }),
          reachable: Type.Boolean({ description: 'It responds' }),
          detail: text('The result in words'),
          keys: Type.Array(checkedKey, { description: 'Empty: it needs no key, or has no model list' }),
          models: nullable(whole('Models in its list; null: it has no list, or did not send it')),
          missing: Type.Array(Type.String(), {
            description:
              'Mapped or routed models that its list does not have. A hint: some lists are not complete',
          }),
        },
        { title: 'CheckedUpstream' },
      ),
    ),
  },
  { title: 'CheckedUpstreams' },
)
