/** Settings as flags: `--requests 100/1h --budget 5/day --allow server_tools`. */

import { allowedFeatures, holds, parseDuration, shares } from '../clients/settings.ts'
import { type Input, type Option, textOf } from './command.ts'
import { misused } from './errors.ts'

export const levelOptions = {
  requests: { value: '100/1h', about: 'calls at most, refilled evenly over the time' },
  tokens: { value: '200000/1m', about: 'tokens at most, refilled evenly over the time' },
  concurrency: { value: '20', about: 'calls running at once' },
  budget: {
    value: '5/day',
    about: 'US dollars a calendar day (UTC), or 100/month; both may be given',
    multiple: true,
  },
} satisfies Record<string, Option>

export const clientOptions = {
  team: { value: 'web', about: 'whose limits and budget hold as well' },
  'create-team': { about: 'make the team if it does not exist; otherwise it must exist' },
  models: { value: "'claude-haiku-*,gpt-6-luna'", about: "models and patterns; '*' is all, none is not one" },
  ...levelOptions,
  'max-wait': { value: '2s', about: 'longest wait for room before a 429, up to 10s; none by default' },
  hold: {
    value: holds.join('|'),
    about:
      'what a running call holds of a budget: its input and the next seconds of output (growing, the default), or its whole output limit',
  },
  cache: { value: 'on|off', about: 'keep answers; on by default' },
  'cache-ttl': { value: '1h', about: 'how long an answer is kept' },
  'cache-share': { value: shares.join('|'), about: 'who may see a cached response; client by default' },
  loop: { value: '30/1m', about: 'the same request at most so often' },
  allow: { value: allowedFeatures.join(','), about: 'open what is closed by default; none closes it again' },
} satisfies Record<string, Option>

/** `none` is null: a patch takes the setting away. */
const NONE = 'none'

interface BucketText {
  count: number
  per: string
}

export function levelFrom(input: Input) {
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
  const { limits, ...rest } = levelFrom(input)
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

/** What is not there yet cannot be taken away: a new thing simply does not have it. */
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
  if (!count || !per) throw wrong(option, text, '100/1h: a number, and the time it is refilled over')
  return { count: Number(count), per }
}

function numberFrom(input: Input, option: string): number | null | undefined {
  const text = textOf(input, option)
  if (text === undefined) return undefined
  if (text === NONE) return null
  if (!/^\d+$/.test(text)) throw wrong(option, text, 'a whole number')
  return Number(text)
}

function budgetFrom(input: Input): Record<string, number | null> | null | undefined {
  const given = input.texts.budget?.flatMap(text => text.split(','))
  if (!given) return undefined
  if (given.includes(NONE)) return null
  return Object.fromEntries(
    given.map(text => {
      const { amount, window } =
        /^(?<amount>\d+(\.\d+)?|none)\/(?<window>day|month)$/.exec(text)?.groups ?? {}
      if (!amount || !window) throw wrong('budget', text, '5/day, 100/month, none/day, or none')
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
  if (cache !== undefined && cache !== 'on' && cache !== 'off') throw wrong('cache', cache, 'on or off')
  return {
    ...(cache && { enabled: cache === 'on' }),
    ...(ttl && { ttlSeconds: ttl === NONE ? null : secondsFrom('cache-ttl', ttl) }),
    ...(share && { share: share === NONE ? null : share }),
  }
}

/** A number other than 0 needs a unit: without one it could be seconds or milliseconds. */
function waitFrom(input: Input): { maxWaitMs?: number | null } {
  const text = textOf(input, 'max-wait')
  if (text === undefined) return {}
  if (text === NONE) return { maxWaitMs: null }
  if (text === '0') return { maxWaitMs: 0 }
  try {
    return { maxWaitMs: parseDuration(text) }
  } catch {
    throw wrong('max-wait', text, 'a time such as 500ms or 2s, 0, or none')
  }
}

/** `90s`, `1h`, `30d`, or a plain number of seconds. */
export function secondsFrom(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  try {
    return Math.ceil(parseDuration(text) / 1000)
  } catch {
    throw wrong(option, text, 'a time such as 30s, 15m, 1h, 7d, or a number of seconds')
  }
}

/** `--expires`: a time from now, or a moment that the administration judges. */
export function expiryFrom(input: Input): { expiresAt?: string } {
  const text = textOf(input, 'expires')
  if (text === undefined) return {}
  if (text.includes('T')) return { expiresAt: text }
  return { expiresAt: new Date(Date.now() + secondsFrom('expires', text) * 1000).toISOString() }
}

export function wrong(option: string, found: string, expected: string) {
  return misused(`--${option}: found ${JSON.stringify(found)}, expected ${expected}`)
}
