/** GET /admin/explain: every rule that applies to a call of this client for this model, with its current numbers. */

import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { type Static, Type } from 'typebox'
import { compileModels } from '../clients/client.ts'
import { type ClientRecord, readClient } from '../clients/client-records.ts'
import { type ClientSettings, defaultHold, type Hold, name, type ScopeSettings } from '../clients/settings.ts'
import { createStates } from '../clients/states.ts'
import { readGatewayRecord, readTeam } from '../clients/team-records.ts'
import { dialects } from '../dialects/index.ts'
import { type ScopeKind, scopeKey } from '../lua/scope-kinds.ts'
import { LOOKAHEAD_SECONDS, outputRate } from '../pricing/bound.ts'
import { didYouMean } from '../pricing/nearest.ts'
import type { Price } from '../pricing/price.ts'
import { explained, type level } from './explained.ts'
import { explainUpstreams } from './explained-upstreams.ts'
import { problem, unknownClient } from './problem.ts'
import type { TypeBoxProvider } from './schemas.ts'

const query = Type.Object(
  {
    client: name,
    model: Type.String({ minLength: 1, maxLength: 256, expected: 'the name of a model' }),
  },
  { additionalProperties: false },
)

type LimitedScope = Static<typeof level>
type Limits = ScopeSettings & { id: string; name: string }

export function explainRoutes(defaults: { maxTokens: number; cacheTtlSeconds: number }): FastifyPluginAsync {
  return async admin => {
    const stateOf = createStates(admin.money)

    admin.withTypeProvider<TypeBoxProvider>().get(
      '/explain',
      {
        schema: {
          summary:
            'Every rule that applies to a call of this client for this model, with its current numbers',
          querystring: query,
          response: { 200: explained },
        },
      },
      async ({ query: { client: asked, model } }) => {
        const client = await readClient(admin.pg, asked)
        if (!client) throw await unknownClient(admin.pg, asked)
        const { table } = admin.prices
        const now = new Date(admin.clock.now())
        const price = priceOf(admin, model, now)
        if (!price)
          throw unknownModel(
            model,
            table.list(now).map(({ id }) => id),
          )
        const levels = await scopesOf(client)
        const { upstreams, obstacles: away } = explainUpstreams(admin, model)
        const pattern = patternFor(client.models, table.namesOf(model))
        const hold = holdOf(client.hold ?? defaultHold, price)
        const isBound = levels.some(({ budget }) => Object.keys(budget).length > 0)
        const { enabled = true, ttlSeconds = defaults.cacheTtlSeconds, share = 'client' } = client.cache ?? {}
        const obstacles = [
          ...(client.disabled ? [{ code: 'invalid_key', detail: 'the client is disabled' }] : []),
          ...(pattern === undefined
            ? [{ code: 'model_not_allowed', detail: `${model} fits none of its patterns` }]
            : []),
          ...(upstreams.some(({ upstream }) => upstream !== null)
            ? []
            : [{ code: 'model_not_found', detail: 'no upstream serves it' }]),
          ...away,
          ...unknownCounters(levels),
          ...levels.flatMap(spentBudgets),
        ]
        return {
          client: client.name,
          model,
          allowed: pattern !== undefined && !client.disabled,
          pattern: pattern ?? null,
          models: client.models ?? null,
          obstacles,
          levels,
          loop: client.loop ?? null,
          allow: client.allow ?? [],
          cache: { enabled, ttlSeconds, share },
          maxWaitMs: client.limits?.maxWaitMs ?? 0,
          hold,
          defaultMaxTokens:
            hold.setting === 'ceiling' && isBound && price.maxOutput > 0
              ? Math.min(defaults.maxTokens, price.maxOutput)
              : null,
          upstreams,
          price: {
            model: price.model,
            maker: price.maker,
            kind: price.kind,
            contextWindow: price.contextWindow,
            maxInput: price.maxInput,
            maxOutput: price.maxOutput,
            usdPerMillionTokens: price.row,
            origins: price.origins,
            version: table.version,
            multiplier: table.multiplier ?? null,
          },
        }
      },
    )

    async function scopesOf(client: ClientRecord): Promise<LimitedScope[]> {
      const [team, gateway] = await Promise.all([
        client.team === undefined ? undefined : readTeam(admin.pg, client.team),
        readGatewayRecord(admin.pg),
      ])
      async function limited(kind: ScopeKind, { id, name, limits = {}, budget = {} }: Limits) {
        const state = await stateOf({ key: scopeKey(kind, id), limits, budget })
        return { scope: scopeKey(kind, name), limits, budget, ...state }
      }
      // maxWaitMs is a setting, not a limit that a call must fit.
      const { maxWaitMs, ...clientLimits } = client.limits ?? {}
      return Promise.all([
        limited('client', { ...client, limits: clientLimits }),
        ...(team ? [limited('team', team)] : []),
        limited('gateway', { id: '', name: '', ...gateway }),
      ])
    }
  }
}

/** The hold of a running call of this model. A request that names a faster tier or speed holds more. */
function holdOf(setting: Hold, price: Price) {
  const rate = outputRate(price, { tier: undefined, speed: undefined })
  const applies: Hold = rate === undefined ? 'ceiling' : setting
  return {
    setting,
    applies,
    reserves: reservedOf(setting, price, rate),
    outputTokensPerSecond: rate ?? null,
    fasterOutput: Object.fromEntries(price.fasterOutput),
    lookaheadSeconds: LOOKAHEAD_SECONDS,
  }
}

function reservedOf(setting: Hold, price: Price, rate: number | undefined): string {
  if (price.kind === 'embedding') return 'its input'
  if (setting === 'ceiling') return 'its input and its whole output limit'
  if (rate === undefined)
    return 'its input and its whole output limit: the price table has no output rate for this model'
  const faster = [...price.fasterOutput].map(([name, tokens]) => `${tokens} with ${name}`).join(', ')
  const speed = `${rate} tokens/s${faster && ` (${faster})`}`
  return `its input and the next ${LOOKAHEAD_SECONDS} s of output at ${speed}, extended while it runs`
}

/** The first pattern that allows the model; without a list every model is allowed. */
function patternFor(models: ClientSettings['models'], names: readonly string[]): string | undefined {
  return (models ?? ['*']).find(pattern => compileModels([pattern]).allows(names))
}

/** The price of an alias is that of its first target. */
function priceOf({ prices, upstreams }: FastifyInstance, model: string, now: Date): Price | undefined {
  const [first] = dialects.flatMap(dialect => upstreams.plan(model, dialect)?.candidates ?? [])
  return prices.table.find(model, now) ?? first?.table.find(first.model, now)
}

/** Without counters no call is admitted. */
function unknownCounters(levels: LimitedScope[]) {
  if (levels.every(({ state }) => state !== null)) return []
  const isRestoring = levels.some(({ restoring }) => restoring)
  const detail = isRestoring ? 'the counters are being restored from the ledger' : 'Redis is away'
  return [{ code: 'unavailable', detail }]
}

/** Budgets with nothing left: they refuse every call, however small. */
function spentBudgets({ scope, state }: LimitedScope) {
  return (['day', 'month'] as const).flatMap(window => {
    const money = state?.[window]
    if (money?.availableUsd !== 0) return []
    return [{ code: 'budget_exceeded', detail: `${scope} has nothing left of its ${window}`, scope, window }]
  })
}

function unknownModel(model: string, names: readonly string[]) {
  return problem(
    404,
    `The price table has no model "${model}".${didYouMean(model, names)} GET /v1/models lists those there are; PRICES_FILE adds others.`,
  )
}
