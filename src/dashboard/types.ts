/** What the administration answers, as the page reads it. */

export interface Money {
  limitUsd?: number
  spentUsd: number
  heldUsd: number
  availableUsd?: number
  resetsAt: string
}

export interface Standing {
  requests?: { capacity: number; available: number }
  tokens?: { capacity: number; available: number }
  concurrency: { max?: number; running: number }
  day?: Money
  month?: Money
}

export interface Bucket {
  capacity: number
  per: string
}

export interface Settings {
  limits?: { requests?: Bucket; tokens?: Bucket; concurrency?: number }
  budget?: { day?: number; month?: number }
}

export type Hold = 'growing' | 'ceiling'

export interface Client extends Settings {
  id: string
  name: string
  team?: string
  models?: string[]
  limits?: NonNullable<Settings['limits']> & { maxWaitMs?: number }
  hold?: Hold
  cache?: { enabled?: boolean; ttlSeconds?: number; share?: string }
  loop?: { identical: number; per: string }
  allow?: string[]
  disabled?: boolean
  createdAt: string
  updatedAt: string
  state?: Standing | null
}

/** `warnings`: saved settings that look like a mistake. */
export type ChangedClient = Client & { warnings: string[] }

export interface Team extends Settings {
  id: string
  name: string
  state?: Standing | null
}

export interface Gateway extends Settings {
  state?: Standing | null
}

/** One budget in the list of all. */
export interface Budget extends Required<Money> {
  kind: 'gateway' | 'team' | 'client'
  name: string
  team?: string
  period: 'day' | 'month'
  /** Spent and held, of the budget. */
  share: number
}

export interface Key {
  id: string
  client: string
  status: 'active' | 'expired' | 'revoked'
  createdAt: string
  expiresAt?: string
  revokedAt?: string
  rotatedFrom?: string
}

export type MadeKey = Key & { key: string; former?: Key }

/** An administrator's. */
export interface Token {
  name: string
  role: 'admin' | 'viewer'
  /** Absent: it is the one that the gateway was started with. */
  createdAt?: string
  createdBy?: string
  expiresAt?: string
}

export type MadeToken = Token & { token: string }

/** One change, as the audit keeps it. */
export interface AuditEvent {
  id: string
  at: string
  who: string
  action: string
  target: string
  /** Null: it was not there. */
  before: Record<string, unknown> | null
  /** Null: it is gone. */
  after: Record<string, unknown> | null
  requestId: string
}

export interface Sums {
  calls: number
  outcomes: Record<string, number>
  inputTokens: number
  cacheReadTokens: number
  cacheWriteTokens: number
  outputTokens: number
  costUsd: number
  savedUsd: number
}

export interface UsageRow extends Sums {
  client?: string | null
  model?: string | null
  team?: string | null
  day?: string
  hour?: string
  /** The sum of all that are not among the largest. */
  others?: true
}

export interface Usage {
  rows: UsageRow[]
  total: Sums
  more: boolean
}

export interface Call {
  id: string
  seq?: number
  at: string
  clientId?: string
  client?: string
  team?: string
  key?: string
  route?: string
  model?: string
  upstream?: string
  status?: number
  outcome: string
  stream?: boolean
  cache?: string
  latencyMs?: number
  ttftMs?: number
  upstreamMs?: number
  inputTokens?: number
  cacheReadTokens?: number
  cacheWriteTokens?: number
  outputTokens?: number
  costUsd: number
  heldUsd: number
  savedUsd?: number
  estimated?: boolean
  /** How the estimate was made. */
  estimate?: string
  /** The call used a feature without a bound. */
  unbounded?: boolean
  priceVersion?: string
  error?: string
  refusal?: string
  scope?: string
}

export interface Sample {
  at: string
  status?: number
  reqId?: string
  key?: string
  route?: string
  model?: string
  error?: string
}

export interface Refused {
  client: string | null
  reason: string
  scope: string | null
  sample: Sample
}

export interface RefusalRow {
  client: string | null
  reason: string
  scope: string | null
  count: number
  firstAt: string
  lastAt: string
  samples: Sample[]
}

export interface Percentiles {
  p50: number | null
  p95: number | null
  p99: number | null
}

export interface Performance {
  calls: number
  errors: number
  latencyMs: Percentiles
  ttftMs: Percentiles
}

export interface PerformanceSeries {
  model?: string | null
  upstream?: string | null
  total: Performance
  slots: (Performance & { at: string })[]
}

export interface PerformanceFound {
  from: string
  to: string
  step: '5m' | 'hour' | 'day'
  /** Calls before this time were not measured. */
  since: string | null
  all: PerformanceSeries
  series: PerformanceSeries[]
  more: boolean
}

export interface Refusals {
  from: string
  to: string
  step: 'minute' | 'hour' | 'day'
  rows: RefusalRow[]
  series: { at: string; reason: string; count: number }[]
  latest: Refused[]
}

export interface Alert {
  id: string
  kind: string
  severity: 'info' | 'warning' | 'critical'
  scope: string
  title: string
  details: Record<string, string | number | boolean>
  raisedAt: string
  delivery: 'delivered' | 'waiting' | 'no_webhook'
  deliveredAt: string | null
  attempts: number
  lastError: string | null
}

export interface Difference {
  scope: string
  window: string
  counterUsd: number
  ledgerUsd: number
  pendingUsd: number
  differenceUsd: number
  /** A budget that was overspent. */
  limitUsd?: number
}

export interface Verified {
  ok: boolean
  scopes: number
  quarantined: number
  found: number
  differences: Difference[]
}

/** A circuit of one replica; absent while it is closed. */
export interface Circuit {
  state: 'open' | 'half_open'
  since: string
  retryAfterMs: number
  reason: string
  openings: number
}

export interface Upstreams {
  upstreams: { name: string; circuits: (Circuit & { model: string })[] }[]
}

export interface Explanation {
  client: string
  model: string
  allowed: boolean
  pattern: string | null
  models: string[] | null
  obstacles: { code: string; detail: string }[]
  levels: (Required<Settings> & { scope: string; state: Standing | null })[]
  loop: { identical: number; per: string } | null
  allow: string[]
  cache: { enabled: boolean; ttlSeconds: number; share: string }
  maxWaitMs: number
  hold: {
    setting: Hold
    applies: Hold
    reserves: string
    outputTokensPerSecond: number | null
    fasterOutput: Record<string, number>
    lookaheadSeconds: number
  }
  defaultMaxTokens: number | null
  upstreams: { format: string; upstream: string | null; circuit?: Circuit }[]
  price: {
    model: string
    maker: string
    kind: string
    contextWindow: number
    maxInput: number
    maxOutput: number
    usdPerMillionTokens: unknown
    origins: Record<string, 'built-in' | 'override' | 'derived'>
    version: string
  }
}

/** What a fault of one field says. */
export interface Fault {
  field: string
  detail: string
}

/** A view's place: its path behind /dashboard, and what is asked of it. */
export interface Place {
  path: string[]
  query: Record<string, string>
}
