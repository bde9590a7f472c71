/** An invented company for the pictures: its teams and clients, and what each client uses on a day. */

import type { ClientSettings, ScopeSettings } from '../../src/clients/settings.ts'

/** US dollars per million tokens, as in src/pricing. A picture needs no more. */
export const models = {
  'claude-opus-5-5': { in: 4, out: 20, read: 0.2 },
  'claude-sonnet-5-5': { in: 2, out: 10, read: 0.1 },
  'claude-haiku-4-5': { in: 1, out: 5, read: 0.1 },
  'gpt-6.2-sol': { in: 2, out: 10, read: 0.1 },
  'gpt-6-luna': { in: 0.1, out: 0.5, read: 0.01 },
} as const

export type Model = keyof typeof models

export interface Habits {
  settings: ClientSettings
  /** Calls on a normal working day. */
  calls: number
  /** The models. One that is listed more often is used more often. */
  uses: Model[]
  /** Tokens of a normal call. */
  input: number
  output: number
  /** Share of the input that is read from the provider's prompt cache. */
  read: number
  /** Share of the calls that are cache hits. */
  cached: number
  /** Calls come in working hours; otherwise evenly. */
  isPeople: boolean
  /** Growth over the months in the picture. */
  growth: number
}

export const gateway: ScopeSettings = { budget: { day: 90, month: 1800 }, limits: { concurrency: 400 } }

export const teams: Record<string, ScopeSettings> = {
  storefront: { budget: { month: 700 }, limits: { requests: { capacity: 3000, per: '1m' } } },
  support: { budget: { day: 25, month: 550 } },
  research: { budget: { month: 600 } },
  platform: {},
}

const client = (
  name: string,
  team: string,
  settings: Omit<ClientSettings, 'name' | 'team'>,
  habits: Omit<Habits, 'settings'>,
): Habits => ({ settings: { name, team, ...settings }, ...habits })

export const clients: Habits[] = [
  client(
    'checkout-assistant',
    'storefront',
    {
      models: ['claude-sonnet-*', 'claude-haiku-*'],
      budget: { day: 18, month: 420 },
      limits: {
        requests: { capacity: 600, per: '1m' },
        tokens: { capacity: 2_000_000, per: '1m' },
        concurrency: 40,
      },
    },
    {
      calls: 190,
      uses: ['claude-sonnet-5-5', 'claude-sonnet-5-5', 'claude-haiku-4-5'],
      input: 9000,
      output: 1900,
      read: 0.4,
      cached: 0.06,
      isPeople: true,
      growth: 0.5,
    },
  ),
  client(
    'product-copy',
    'storefront',
    { budget: { day: 8 } },
    {
      calls: 60,
      uses: ['claude-sonnet-5-5', 'gpt-6.2-sol'],
      input: 6000,
      output: 5200,
      read: 0.2,
      cached: 0.02,
      isPeople: true,
      growth: 0.1,
    },
  ),
  client(
    'search-ranking',
    'storefront',
    {
      models: ['gpt-6-luna'],
      budget: { month: 60 },
      limits: { requests: { capacity: 1200, per: '1m' } },
      cache: { enabled: true, ttlSeconds: 86_400, share: 'team' },
    },
    {
      calls: 220,
      uses: ['gpt-6-luna'],
      input: 5200,
      output: 120,
      read: 0.1,
      cached: 0.46,
      isPeople: false,
      growth: 0.3,
    },
  ),
  client(
    'support-bot',
    'support',
    {
      models: ['claude-haiku-*', 'claude-sonnet-*'],
      budget: { day: 14, month: 300 },
      limits: { requests: { capacity: 120, per: '1m' }, concurrency: 25 },
      loop: { identical: 30, per: '1m' },
    },
    {
      calls: 210,
      uses: ['claude-haiku-4-5', 'claude-haiku-4-5', 'claude-sonnet-5-5'],
      input: 14_000,
      output: 1400,
      read: 0.62,
      cached: 0.18,
      isPeople: true,
      growth: 0.6,
    },
  ),
  client(
    'ticket-triage',
    'support',
    { models: ['gpt-6-luna', 'claude-haiku-*'], budget: { day: 3 } },
    {
      calls: 160,
      uses: ['gpt-6-luna', 'gpt-6-luna', 'claude-haiku-4-5'],
      input: 3200,
      output: 260,
      read: 0.1,
      cached: 0.22,
      isPeople: true,
      growth: 0.2,
    },
  ),
  client(
    'research-agents',
    'research',
    {
      budget: { day: 30, month: 520 },
      limits: { tokens: { capacity: 4_000_000, per: '1m' }, concurrency: 16 },
      allow: ['server_tools'],
    },
    {
      calls: 70,
      uses: ['claude-opus-5-5', 'claude-opus-5-5', 'gpt-6.2-sol'],
      input: 46_000,
      output: 6200,
      read: 0.7,
      cached: 0.01,
      isPeople: true,
      growth: 1.1,
    },
  ),
  client(
    'nightly-evals',
    'research',
    { budget: { day: 12 } },
    {
      calls: 90,
      uses: ['claude-sonnet-5-5', 'gpt-6.2-sol', 'claude-haiku-4-5'],
      input: 12_000,
      output: 1600,
      read: 0.3,
      cached: 0.32,
      isPeople: false,
      growth: 0,
    },
  ),
  client(
    'code-review',
    'platform',
    { models: ['claude-*'], budget: { month: 260 } },
    {
      calls: 55,
      uses: ['claude-opus-5-5', 'claude-sonnet-5-5'],
      input: 30_000,
      output: 2600,
      read: 0.55,
      cached: 0.03,
      isPeople: true,
      growth: 0.4,
    },
  ),
  client(
    'docs-search',
    'platform',
    { models: ['gpt-6-luna'] },
    {
      calls: 120,
      uses: ['gpt-6-luna'],
      input: 4200,
      output: 420,
      read: 0.2,
      cached: 0.3,
      isPeople: true,
      growth: 0.1,
    },
  ),
  client(
    'legacy-importer',
    'platform',
    { disabled: true, budget: { day: 2 } },
    {
      calls: 6,
      uses: ['claude-haiku-4-5'],
      input: 5000,
      output: 800,
      read: 0,
      cached: 0,
      isPeople: false,
      growth: -0.9,
    },
  ),
]
