/** Settings as flags: `--requests 100/1h --budget 5/day --allow server_tools`. */

import { allowedFeatures, holds, parseDuration, shares } from '../clients/settings.ts'
import { type Input, type Option, textOf } from './command.ts'
import { usageError } from './errors.ts'

const switches: readonly string[] = ['on', 'off']

export const limitOptions = {
  requests: { value: '100/1h', about: 'the most calls in a time; refilled evenly' },
  tokens: { value: '200000/1m', about: 'the most tokens in a time; refilled evenly' },
  concurrency: { value: '20', about: 'the most calls running at once' },
  budget: {
    value: '5/day',
    about: 'US dollars per UTC calendar day or month, such as 100/month; repeat it for both',
    multiple: true,
  },
} satisfies Record<string, Option>

export const clientOptions = {
  team: { value: 'web', about: 'the team whose limits and budget apply as well' },
  'create-team': { about: 'create the team if it does not exist' },
  models: {
    value: "'claude-haiku-*,gpt-6-luna'",
    about: "allowed models and patterns; '*' allows all, none allows no model",
  },
  ...limitOptions,
  'max-wait': {
    value: '2s',
    about: 'the longest wait for capacity before a 429, up to 10s; no wait by default',
  },
  hold: {
    values: holds,
    about:
      'the budget a running call holds: its input and the next seconds of output (growing, the default), or its whole output limit',
  },
  cache: { values: switches, about: 'cache responses; on by default' },
  'cache-ttl': { value: '1h', about: 'how long a response stays cached' },
  'cache-share': {
    values: shares,
    about: 'the callers that may receive a cached response; client by default',
  },
  loop: { value: '30/1m', about: 'the most identical requests in a time' },
  allow: {
    values: allowedFeatures,
    isList: true,
    about: 'features that are refused by default; none refuses all',
  },
} satisfies Record<string, Option>

/** Becomes null, which removes the setting in a patch. */
const NONE = 'none'

interface BucketText {
  count: number
  per: string
}

/** Limits and budget of a client, a team or the gateway. */
export function limitsFrom(input: Input) {
  const requests = bucketFrom(input, 'requests')
  const tokens = bucketFrom(input, 'tokens')
  const concurrency = numberFrom(input, 'concurrency')
  const budget = budgetFrom(input)
  const limits = {
    ...(requests !== undefined && { requests: requests && { capacity: requests.count, per: requests.per } }),
    ...(tokens !== undefined && { tokens: tokens && { capacity: tokens.count, per: tokens.per } }),
    ...(concurrency !== undefined && { concurrency }),
  }
  return {
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(budget !== undefined && { budget }),
  }
}

export function clientFrom(input: Input) {
  const team = textOf(input, 'team')
  const models = listFrom(input, 'models')
  const allow = listFrom(input, 'allow')
  const loop = bucketFrom(input, 'loop')
  const cache = cacheFrom(input)
  const hold = textOf(input, 'hold')
  const { limits, ...rest } = limitsFrom(input)
  const clientLimits = { ...limits, ...waitFrom(input) }
  return {
    ...(team !== undefined && { team: team === NONE ? null : team }),
    ...(input.flags.has('create-team') && { createTeam: true }),
    ...(models && { models }),
    ...(Object.keys(clientLimits).length > 0 && { limits: clientLimits }),
    ...rest,
    ...(hold !== undefined && { hold: hold === NONE ? null : hold }),
    ...(Object.keys(cache).length > 0 && { cache }),
    ...(loop !== undefined && { loop: loop && { identical: loop.count, per: loop.per } }),
    ...(allow && { allow }),
  }
}

/** Leaves null out, because a new client or team has no setting to remove. */
export function withoutNulls<T extends object>(settings: T): object {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => {
      if (value === null) return []
      const isPart = typeof value === 'object' && !Array.isArray(value)
      return [[name, isPart ? withoutNulls(value) : value]]
    }),
  )
}

function bucketFrom(input: Input, option: string): BucketText | null | undefined {
  const text = textOf(input, option)
  if (text === undefined) return undefined
  if (text === NONE) return null
  const { count, per } = /^(?<count>\d+)\/(?<per>\w+)$/.exec(text)?.groups ?? {}
  if (!count || !per) throw wrongValue(option, text, 'a number and a time such as 100/1h')
  return { count: Number(count), per }
}

function numberFrom(input: Input, option: string): number | null | undefined {
  const text = textOf(input, option)
  if (text === undefined) return undefined
  if (text === NONE) return null
  if (!/^\d+$/.test(text)) throw wrongValue(option, text, 'a whole number')
  return Number(text)
}

function budgetFrom(input: Input): Record<string, number | null> | null | undefined {
  const texts = input.texts.budget?.flatMap(text => text.split(','))
  if (!texts) return undefined
  if (texts.includes(NONE)) return null
  return Object.fromEntries(
    texts.map(text => {
      const { amount, window } =
        /^(?<amount>\d+(\.\d+)?|none)\/(?<window>day|month)$/.exec(text)?.groups ?? {}
      if (!amount || !window) throw wrongValue('budget', text, '5/day, 100/month, none/day, or none')
      return [window, amount === NONE ? null : Number(amount)]
    }),
  )
}

function listFrom(input: Input, option: string): string[] | undefined {
  const text = textOf(input, option)
  if (text === undefined) return undefined
  return text === NONE ? [] : text.split(',').map(one => one.trim())
}

function cacheFrom(input: Input): object {
  const cache = textOf(input, 'cache')
  const ttl = textOf(input, 'cache-ttl')
  const share = textOf(input, 'cache-share')
  if (cache !== undefined && !switches.includes(cache)) throw wrongValue('cache', cache, 'on or off')
  return {
    ...(cache && { enabled: cache === 'on' }),
    ...(ttl && { ttlSeconds: ttl === NONE ? null : secondsFrom('cache-ttl', ttl) }),
    ...(share && { share: share === NONE ? null : share }),
  }
}

/** A number other than 0 needs a unit, because seconds and milliseconds are both usual. */
function waitFrom(input: Input): { maxWaitMs?: number | null } {
  const text = textOf(input, 'max-wait')
  if (text === undefined) return {}
  if (text === NONE) return { maxWaitMs: null }
  if (text === '0') return { maxWaitMs: 0 }
  try {
    return { maxWaitMs: parseDuration(text) }
  } catch {
    throw wrongValue('max-wait', text, 'a time such as 500ms or 2s, 0, or none')
  }
}

/** `90s`, `1h`, `30d`, or a plain number of seconds. */
export function secondsFrom(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  try {
    return Math.ceil(parseDuration(text) / 1000)
  } catch {
    throw wrongValue(option, text, 'a time such as 30s, 15m, 1h, 7d, or a number of seconds')
  }
}

/** `--expires`: a duration from now, or a time that the gateway validates. */
export function expiryFrom(input: Input): { expiresAt?: string } {
  const text = textOf(input, 'expires')
  if (text === undefined) return {}
  if (text.includes('T')) return { expiresAt: text }
  return { expiresAt: new Date(Date.now() + secondsFrom('expires', text) * 1000).toISOString() }
}

function wrongValue(option: string, found: string, expected: string) {
  return usageError(`--${option}: found ${JSON.stringify(found)}, expected ${expected}`)
}
