/** Responses of the admin API, and the text of their limits and budgets. */

import type { ClientBody, WindowBody } from '../../admin/bodies.ts'
import type { ScopeSettings } from '../../clients/settings.ts'
import { NONE, time, usd } from '../text.ts'

/** A team or the gateway. `state` is null while Redis is away, and absent if the request does not ask for it. */
export type ScopeResponse = ScopeSettings & Pick<ClientBody, 'state' | 'restoring'>

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

function spentText(money: WindowBody | undefined): string {
  if (!money) return ''
  const { spentUsd, heldUsd, availableUsd, resetsAt } = money
  const available = availableUsd === undefined ? [] : [`${usd(availableUsd)} available`]
  return [`${usd(spentUsd)} spent`, `${usd(heldUsd)} held`, ...available, `resets ${time(resetsAt)}`].join(
    ', ',
  )
}
