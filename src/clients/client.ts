/** A client for the hot path: compiled once when it is loaded, read by every call, never changed. */

import type { Bucket } from '../lua/bucket.ts'
import { parseUsd } from '../pricing/money.ts'
import { matchParts } from './model-pattern.ts'
import {
  type allowedFeatures,
  bucketOf,
  type ClientSettings,
  defaultHold,
  type Hold,
  type ScopeSettings,
  type shares,
} from './settings.ts'

export interface Limits {
  requests?: Bucket
  tokens?: Bucket
  concurrency?: number
}

export interface Budget {
  dayNanos?: number
  monthNanos?: number
}

export interface Team {
  id: string
  name: string
  limits: Limits
  budget: Budget
}

export interface Client {
  /** The counters use the id, so a renamed client keeps them. */
  id: string
  name: string
  team: Team | undefined
  gateway: { limits: Limits; budget: Budget }
  /** Takes all names of one model (`PriceTable.namesOf`): a model is allowed if any of its names is. */
  models: { allows(names: readonly string[]): boolean }
  limits: Limits
  /** Longest wait inside the gateway before a 429. */
  maxWaitMs: number
  budget: Budget
  hold: Hold
  /** `ttlSeconds` undefined: the gateway's own. */
  cache: { enabled: boolean; ttlSeconds: number | undefined; share: (typeof shares)[number] }
  loop: Bucket | undefined
  allow: ReadonlySet<(typeof allowedFeatures)[number]>
  /** The reason to refuse all calls of the client. */
  closed: 'disabled' | 'deleted' | undefined
}

export interface Key {
  id: string
  clientId: string
  sha256: Buffer
  /** Milliseconds since 1970; undefined: never. */
  expiresAt: number | undefined
  revokedAt: number | undefined
}

/** The key and its client. */
export interface Known {
  key: Key
  client: Client
}

/** Settings as their row has them; the name and the team stand in columns of their own. */
export interface StoredClient {
  id: string
  name: string
  settings: Omit<ClientSettings, 'name' | 'team'>
  isDeleted: boolean
}

/** Throws where a setting cannot be read: a limit that is not understood must not be left out. */
export function compileClient(
  { id, name, settings, isDeleted }: StoredClient,
  team: Team | undefined,
  gateway: Client['gateway'],
): Client {
  const { cache = {}, loop } = settings
  return {
    id,
    name,
    team,
    gateway,
    models: compileModels(settings.models),
    ...compileScope(settings),
    maxWaitMs: settings.limits?.maxWaitMs ?? 0,
    hold: settings.hold ?? defaultHold,
    cache: { enabled: cache.enabled ?? true, ttlSeconds: cache.ttlSeconds, share: cache.share ?? 'client' },
    loop: loop && bucketOf({ capacity: loop.identical, per: loop.per }),
    allow: new Set(settings.allow),
    closed: isDeleted ? 'deleted' : settings.disabled ? 'disabled' : undefined,
  }
}

export function compileScope({ limits = {}, budget = {} }: ScopeSettings): {
  limits: Limits
  budget: Budget
} {
  return {
    limits: {
      ...(limits.requests && { requests: bucketOf(limits.requests) }),
      ...(limits.tokens && { tokens: bucketOf(limits.tokens) }),
      ...(limits.concurrency !== undefined && { concurrency: limits.concurrency }),
    },
    budget: {
      ...(budget.day !== undefined && { dayNanos: parseUsd(budget.day) }),
      ...(budget.month !== undefined && { monthNanos: parseUsd(budget.month) }),
    },
  }
}

const ALL_MODELS = { allows: () => true }

/** No list allows every model, an empty one none. */
export function compileModels(patterns: readonly string[] | undefined): Client['models'] {
  if (!patterns || patterns.includes('*')) return ALL_MODELS
  const exact = new Set(patterns.filter(pattern => !pattern.includes('*')))
  const starred = patterns.filter(pattern => pattern.includes('*')).map(pattern => pattern.split('*'))
  const isListed = (name: string) =>
    exact.has(name) || starred.some(parts => matchParts(parts, name) !== undefined)
  return { allows: names => names.some(isListed) }
}
