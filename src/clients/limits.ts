/** The scopes whose limits a call must fit: its client, the client's team, the gateway. */

import { type ScopeKind, scopeKey, scopeKindNames } from '../lua/scope-kinds.ts'
import type { Client } from './client.ts'

export interface LimitedScope {
  key: string
  name: string
  limits: Client['limits']
  budget: Client['budget']
}

const known = new WeakMap<Client, LimitedScope[]>()

type Owner = Pick<Client, 'id' | 'name' | 'limits' | 'budget'>

const ownerOf: Record<ScopeKind, (client: Client) => Owner | undefined> = {
  client: client => client,
  team: client => client.team,
  gateway: client => ({ id: '', name: '', ...client.gateway }),
}

/** From the client to the gateway. */
const kinds = scopeKindNames.toReversed()

/** Keys contain ids, so that a renamed client keeps its debts. */
export function scopesOf(client: Client): LimitedScope[] {
  const found = known.get(client)
  if (found) return found
  const scopes = kinds.flatMap(kind => {
    const owner = ownerOf[kind](client)
    if (!owner) return []
    const { id, name, limits, budget } = owner
    return [{ key: scopeKey(kind, id), name: scopeKey(kind, name), limits, budget }]
  })
  known.set(client, scopes)
  return scopes
}

/** Does a budget bind this client's calls? Only then must a call's cost have a bound that holds. */
export function isBound(client: Client): boolean {
  return scopesOf(client).some(
    ({ budget }) => budget.dayNanos !== undefined || budget.monthNanos !== undefined,
  )
}
