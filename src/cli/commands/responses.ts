/** Responses of the admin API, and the text of their limits and budgets. */

import type { ClientSettings, ScopeSettings } from '../../clients/settings.ts'
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

/** `state` is null while Redis is away or has lost its counters, and absent if the request does not ask for it. */
interface WithState {
  state?: State | null
  restoring?: true
}
export type ScopeResponse = ScopeSettings & WithState
export type ClientResponse = ClientSettings & WithState & { id: string }
export type ChangedClient = ClientResponse & { warnings: string[] }
export type TeamResponse = ScopeResponse & { id: string; name: string }

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

export function dollars(budget: ScopeSettings['budget'] = {}): string {
  const amounts = Object.entries(budget).map(([window, amount]) => `${usd(amount)}/${window}`)
  return amounts.join(' ') || NONE
}

/** The longest wait before a 429, such as `2 s`. */
export function waitText(ms = 0): string {
  return ms === 0 ? NONE : `${ms / 1000} s`
}

/** Rows of a table: limit, setting, current usage. */
export function limitRows({ limits = {}, budget = {}, state, restoring }: ScopeResponse): string[][] {
  const amount = (limit: number | undefined) => (limit === undefined ? NONE : usd(limit))
  return [
    ['requests', bucket(limits.requests), availableText(state?.requests)],
    ['tokens', bucket(limits.tokens), availableText(state?.tokens)],
    ['concurrency', String(limits.concurrency ?? NONE), state ? `${state.concurrency.running} running` : ''],
    ['budget a day', amount(budget.day), spentText(state?.day)],
    ['budget a month', amount(budget.month), spentText(state?.month)],
    ...(state === null
      ? [
          [
            '',
            '',
            `current usage is unknown: ${restoring ? 'the counters are being restored' : 'Redis is away'}`,
          ],
        ]
      : []),
  ]
}

function availableText(state: { available: number } | undefined): string {
  return state ? `${state.available} available` : ''
}

function spentText(money: Money | undefined): string {
  if (!money) return ''
  const { spentUsd, heldUsd, availableUsd, resetsAt } = money
  const available = availableUsd === undefined ? [] : [`${usd(availableUsd)} available`]
  return [`${usd(spentUsd)} spent`, `${usd(heldUsd)} held`, ...available, `resets ${time(resetsAt)}`].join(
    ', ',
  )
}
