/**
 * The settings of clients, teams and the gateway, as people write them: US dollars, "1h", model patterns. One declaration
 * for the administration's schemas, the CLI and the stores. `expected` describes a valid value.
 */

import { type Static, Type } from 'typebox'
import { type Bucket, validateBucket } from '../lua/bucket.ts'
import { parseUsd } from '../pricing/money.ts'

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DURATION = /^(?<count>[1-9]\d{0,8})(?<unit>ms|s|m|h|d)$/
const NAME = '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'

/** Features without a cost bound that a client may use; none by default. */
export const allowedFeatures = ['server_tools', 'stored', 'background', 'store', 'files'] as const
export const shares = ['client', 'team', 'all'] as const
/** The hold of a running call: its next seconds, extended while it runs (growing), or its whole output limit (ceiling). */
export const holds = ['growing', 'ceiling'] as const
export type Hold = (typeof holds)[number]
export const defaultHold: Hold = 'growing'

/** Milliseconds of "500ms", "30s", "1m", "1h", "1d". Throws a RangeError with the fault. */
export function parseDuration(text: string): number {
  const { count, unit } = DURATION.exec(text)?.groups ?? {}
  const found = Object.entries(UNITS).find(([name]) => name === unit)
  if (!found) throw new RangeError(`found ${JSON.stringify(text)}, expected ${duration.expected}`)
  return Number(count) * found[1]
}

/** A bucket in Redis's terms. */
export function bucketOf({ capacity, per }: Static<typeof bucket>): Bucket {
  return { capacity, per: parseDuration(per) }
}

const strict = { additionalProperties: false } as const

export const name = Type.String({
  pattern: NAME,
  description: 'Unique among its kind',
  expected: 'up to 64 letters, digits, dots, underscores, at signs and dashes, the first a letter or digit',
})

const duration = {
  pattern: DURATION.source.replaceAll(/\?<\w+>/g, ''),
  description: 'A length of time',
  expected: 'a duration such as "500ms", "30s", "1m", "1h", "1d"',
}

const whole = (description: string) =>
  Type.Integer({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description,
    expected: 'a whole number of at least 1',
  })

const bucket = Type.Object({ capacity: whole('Units at most'), per: Type.String(duration) }, strict)

/** A bucket must be one that can be counted exactly. */
const exactBucket = (description: string) =>
  Type.Refine(
    Type.Object(bucket.properties, {
      ...strict,
      description,
      expected: '{ "capacity": a whole number, "per": a duration }, full at the start and refilled evenly',
    }),
    ({ capacity, per }) => bucketFault(capacity, per) === undefined,
    ({ capacity, per }) => `a bucket ${bucketFault(capacity, per)}`,
  )

/** Checks only values of the right shape. The schema reports faults of the shape. */
function bucketFault(capacity: unknown, per: unknown): string | undefined {
  if (typeof capacity !== 'number' || typeof per !== 'string' || !DURATION.test(per)) return undefined
  return validateBucket({ capacity, per: parseDuration(per) })
}

const usd = (description: string) =>
  Type.Refine(
    Type.Number({ minimum: 0, description, expected: 'a number of US dollars, 0 or more' }),
    value => usdFault(value) === undefined,
    value => usdFault(value) ?? '',
  )

function usdFault(value: unknown): string | undefined {
  try {
    parseUsd(value)
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

export const limits = Type.Object(
  {
    requests: Type.Optional(exactBucket('Calls')),
    tokens: Type.Optional(exactBucket('Tokens: uncached input, cache writes and output')),
    concurrency: Type.Optional(whole('Calls running at once')),
  },
  { ...strict, description: 'How fast', expected: 'an object with requests, tokens, concurrency' },
)

export const budget = Type.Object(
  {
    day: Type.Optional(usd('US dollars a calendar day, UTC')),
    month: Type.Optional(usd('US dollars a calendar month, UTC')),
  },
  { ...strict, description: 'How much money', expected: 'an object with day, month' },
)

/** The settings of a team and of the gateway. */
export const scopeSettings = Type.Object(
  { limits: Type.Optional(limits), budget: Type.Optional(budget) },
  { ...strict, expected: 'an object with limits, budget' },
)

const LONGEST_WAIT_MS = 10_000

const clientLimits = Type.Object(
  {
    ...limits.properties,
    maxWaitMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LONGEST_WAIT_MS,
        description:
          'Longest wait inside the gateway before a 429 for concurrency, tokens or budget_in_flight; default 0',
        expected: `a whole number of milliseconds from 0 to ${LONGEST_WAIT_MS}`,
      }),
    ),
  },
  { ...strict, description: 'How fast', expected: 'an object with requests, tokens, concurrency, maxWaitMs' },
)

export const clientSettings = Type.Object(
  {
    name,
    team: Type.Optional(name),
    models: Type.Optional(
      Type.Array(
        Type.String({ pattern: '^[!-~]{1,200}$', expected: 'a model or a pattern such as "claude-haiku-*"' }),
        {
          maxItems: 1000,
          description: 'Models this client may use, * matches any text; left out: all models',
          expected: 'a list of models and patterns such as "claude-haiku-*"',
        },
      ),
    ),
    limits: Type.Optional(clientLimits),
    budget: Type.Optional(budget),
    hold: Type.Optional(
      Type.Enum(holds, {
        description:
          'The hold of a running call: its input and the next seconds of output, extended while it runs (growing, the default); or its whole output limit (ceiling)',
        expected: '"growing" or "ceiling"',
      }),
    ),
    cache: Type.Optional(
      Type.Object(
        {
          enabled: Type.Optional(Type.Boolean({ description: 'Default true', expected: 'true or false' })),
          ttlSeconds: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 31_536_000,
              description: 'How long a response is cached; default CACHE_TTL_SECONDS',
              expected: 'a whole number of seconds from 1 to 31536000',
            }),
          ),
          share: Type.Optional(
            Type.Enum(shares, {
              description: 'The clients that share a cached response; default client',
              expected: '"client", "team" or "all"',
            }),
          ),
        },
        { ...strict, description: 'Cached responses', expected: 'an object with enabled, ttlSeconds, share' },
      ),
    ),
    loop: Type.Optional(
      Type.Refine(
        Type.Object(
          { identical: whole('The same request at most'), per: Type.String(duration) },
          {
            ...strict,
            description: 'The brake on runaway loops; left out: none',
            expected: '{ "identical": a whole number, "per": a duration }',
          },
        ),
        ({ identical, per }) => bucketFault(identical, per) === undefined,
        ({ identical, per }) => `a bucket ${bucketFault(identical, per)}`,
      ),
    ),
    allow: Type.Optional(
      Type.Array(
        Type.Enum(allowedFeatures, { expected: allowedFeatures.map(one => `"${one}"`).join(', ') }),
        {
          uniqueItems: true,
          description: 'Features that are closed by default',
          expected: `a list of ${allowedFeatures.map(one => `"${one}"`).join(', ')}, each at most once`,
        },
      ),
    ),
    disabled: Type.Optional(
      Type.Boolean({
        description: 'True: every call is refused; settings, keys and spend stay',
        expected: 'true or false',
      }),
    ),
  },
  { ...strict, expected: 'an object with the settings of a client' },
)

export type ClientSettings = Static<typeof clientSettings>
export type ScopeSettings = Static<typeof scopeSettings>
