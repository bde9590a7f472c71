/** The response of GET /admin/explain. */

import { Type } from 'typebox'
import { nullable, stateFields } from '../clients/responses.ts'
import { allowedFeatures, budget, clientSettings, holds, limits, name, shares } from '../clients/settings.ts'
import type { Row } from '../pricing/file.ts'
import { ORIGINS } from '../pricing/origins.ts'
import { circuit } from './upstream-schemas.ts'

export const level = Type.Object(
  { scope: Type.String(), limits, budget, ...stateFields },
  {
    title: 'LimitedScope',
    description: 'The scopes that a call must fit: its client, its team, the gateway',
  },
)

export const explained = Type.Object(
  {
    client: name,
    model: Type.String(),
    allowed: Type.Boolean({ description: 'May this client use this model at all?' }),
    pattern: nullable(Type.String({ description: 'The pattern that allows it; null: none' })),
    models: nullable(Type.Array(Type.String(), { description: 'All its patterns; null: every model' })),
    obstacles: Type.Array(
      Type.Object({
        code: Type.String({ description: "The refusal's error_code" }),
        detail: Type.String(),
        scope: Type.Optional(Type.String()),
        window: Type.Optional(Type.Enum(['day', 'month'])),
      }),
      { description: 'Why a call would be refused now' },
    ),
    levels: Type.Array(level),
    loop: nullable(clientSettings.properties.loop),
    allow: Type.Array(Type.Enum(allowedFeatures)),
    cache: Type.Object({ enabled: Type.Boolean(), ttlSeconds: Type.Number(), share: Type.Enum(shares) }),
    maxWaitMs: Type.Integer({
      description: 'Longest wait inside the gateway before a 429 for concurrency, tokens or budget_in_flight',
    }),
    hold: Type.Object(
      {
        setting: Type.Enum(holds, { description: "The client's setting" }),
        applies: Type.Enum(holds, {
          description: 'For this model: without an output rate only its output limit bounds a call',
        }),
        reserves: Type.String({ description: 'The hold of a running call, in words' }),
        outputTokensPerSecond: nullable(
          Type.Integer({ description: 'Highest output tokens a second of one response; null: not known' }),
        ),
        fasterOutput: Type.Record(Type.String(), Type.Number(), {
          description: 'The same for service tiers and speeds that are faster',
        }),
        lookaheadSeconds: Type.Integer({
          description: 'Seconds of output that a growing hold covers in advance',
        }),
      },
      { title: 'Hold', description: 'The hold of a running call' },
    ),
    defaultMaxTokens: nullable(
      Type.Integer({
        description:
          'Output limit added to a request without one; null: none is added. Only with hold ceiling',
      }),
    ),
    upstreams: Type.Array(
      Type.Object({
        format: Type.String(),
        upstream: nullable(Type.String()),
        model: Type.Optional(
          Type.String({ description: "The gateway's name of the model there, if it is another" }),
        ),
        circuit: Type.Optional(circuit),
      }),
      { description: 'The upstream for each wire format; null: not served' },
    ),
    price: Type.Object(
      {
        model: Type.String(),
        maker: Type.String(),
        kind: Type.Enum(['chat', 'embedding']),
        contextWindow: Type.Integer(),
        maxInput: Type.Integer(),
        maxOutput: Type.Integer(),
        usdPerMillionTokens: Type.Unsafe<Row>({ type: 'object' }),
        origins: Type.Record(Type.String(), Type.Enum(ORIGINS), {
          description:
            "Where each price of the row comes from: public: the public list; built-in; override: PRICES_FILE or the upstream's own prices; derived: computed from an override",
        }),
        version: Type.String({ description: 'Of the price table' }),
        multiplier: nullable(
          Type.String({ description: "The upstream's, which the prices of the row include; null: none" }),
        ),
      },
      { title: 'Price' },
    ),
  },
  { title: 'Explained' },
)
