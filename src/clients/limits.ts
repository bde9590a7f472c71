/** The levels a call must fit at once: its client, the client's team, the whole gateway. Shared by limits and budgets. */

import type { Client } from './client.ts'

export interface Level {
  key: string
  name: string
  limits: Client['limits']
  budget: Client['budget']
}

const known = new WeakMap<Client, Level[]>()

/** Counters hang on ids, so that a new name keeps its debts. */
export function levelsOf(client: Client): Level[] {
  const found = known.get(client)
  if (found) return found
  const { team, gateway } = client
  const levels = [
    {
      key: `client:${client.id}`,
      name: `client:${client.name}`,
      limits: client.limits,
      budget: client.budget,
    },
    ...(team
      ? [{ key: `team:${team.id}`, name: `team:${team.name}`, limits: team.limits, budget: team.budget }]
      : []),
    { key: 'gateway', name: 'gateway', limits: gateway.limits, budget: gateway.budget },
  ]
  known.set(client, levels)
  return levels
}

/** Does a budget bind this client's calls? Only then must a call's cost have a bound that holds. */
export function isBound(client: Client): boolean {
  return levelsOf(client).some(
    ({ budget }) => budget.dayNanos !== undefined || budget.monthNanos !== undefined,
  )
}
