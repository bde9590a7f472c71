/** What the administration answers, and how limits, budgets and standings are told. */

import type { ClientSettings, LevelSettings } from '../../clients/settings.ts'
import { NONE, time, usd } from '../text.ts'

interface Money {
  limitUsd?: number
  spentUsd: number
  heldUsd: number
  availableUsd?: number
  resetsAt: string
}

interface State {
  requests?: { available: number }
  tokens?: { available: number }
  concurrency: { running: number }
  day: Money
  month: Money
}

/** `state` null: not known, because Redis is away or has lost its counters; absent: it was not asked for. */
interface StateResponse {
  state?: State | null
  restoring?: true
}
export type LevelResponse = LevelSettings & StateResponse
export type ClientResponse = ClientSettings & StateResponse & { id: string }
export type ChangedClient = ClientResponse & { warnings: string[] }
export type TeamResponse = LevelResponse & { id: string; name: string }

export interface KeyResponse {
  id: string
  client: string
  status: string
  createdAt: string
  expiresAt?: string
  revokedAt?: string
  rotatedFrom?: string
}

export function bucket(limit: { capacity: number; per: string } | undefined): string {
  return limit ? `${limit.capacity}/${limit.per}` : NONE
}

export function dollars(budget: LevelSettings['budget'] = {}): string {
  const amounts = Object.entries(budget).map(([window, amount]) => `${usd(amount)}/${window}`)
  return amounts.join(' ') || NONE
}

/** How long a call may wait before a 429: `2 s`. */
export function waitText(ms = 0): string {
  return ms === 0 ? NONE : `${ms / 1000} s`
}

const RESTORING = 'its counters are being restored'

/** Rows of a table: limit, setting, what is so now. */
export function limitRows({ limits = {}, budget = {}, state, restoring }: LevelResponse): string[][] {
  const amount = (limit: number | undefined) => (limit === undefined ? NONE : usd(limit))
  return [
    ['requests', bucket(limits.requests), left(state?.requests)],
    ['tokens', bucket(limits.tokens), left(state?.tokens)],
    ['concurrency', String(limits.concurrency ?? NONE), state ? `${state.concurrency.running} running` : ''],
    ['budget a day', amount(budget.day), spent(state?.day)],
    ['budget a month', amount(budget.month), spent(state?.month)],
    ...(state === null
      ? [['', '', `where it stands is not known now: ${restoring ? RESTORING : 'Redis is away'}`]]
      : []),
  ]
}

function left(state: { available: number } | undefined): string {
  return state ? `${state.available} available` : ''
}

function spent(money: Money | undefined): string {
  if (!money) return ''
  const { spentUsd, heldUsd, availableUsd, resetsAt } = money
  const available = availableUsd === undefined ? [] : [`${usd(availableUsd)} available`]
  return [`${usd(spentUsd)} spent`, `${usd(heldUsd)} held`, ...available, `resets ${time(resetsAt)}`].join(
    ', ',
  )
}
