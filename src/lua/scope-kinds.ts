/** The kinds of scope with limits and budgets. Keys in Redis, sums of the ledger, lists and their order follow from this table. */

/** `column`: where `calls` and the usage tables have the scope's id; null: the kind has a single scope, which counts every call. */
export const scopeKinds = [
  { kind: 'gateway', column: null },
  { kind: 'team', column: 'team_id' },
  { kind: 'client', column: 'client_id' },
] as const

export type ScopeKind = (typeof scopeKinds)[number]['kind']
export type ScopeColumn = NonNullable<(typeof scopeKinds)[number]['column']>

export const scopeKindNames: readonly ScopeKind[] = scopeKinds.map(({ kind }) => kind)

/** The key of a scope's counters: `client:<id>`, `team:<id>`, `gateway`. Called with a name it returns the name in refusals. */
export function scopeKey(kind: ScopeKind, id: string): string {
  return isSingle(kind) ? kind : `${kind}:${id}`
}

/** The ids of the keys of this kind; `['gateway']` for the key of a kind with a single scope. */
export function idsOf(kind: ScopeKind, keys: readonly string[]): string[] {
  if (isSingle(kind)) return keys.filter(key => key === kind)
  const start = `${kind}:`
  return keys.flatMap(key => (key.startsWith(start) ? [key.slice(start.length)] : []))
}

/** False for the scopes of single concerns, such as `loop:…` and `count:…`. */
export function isScopeKey(key: string): boolean {
  return scopeKindNames.some(kind => idsOf(kind, [key]).length > 0)
}

function isSingle(kind: ScopeKind): boolean {
  return scopeKinds.some(row => row.kind === kind && row.column === null)
}
