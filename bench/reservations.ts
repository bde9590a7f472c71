/** Reservations with every limit and budget of client, team and gateway, high enough for all calls. */

import type { Reservation, Scope, Settlement } from '../src/lua/types.ts'

const limits = {
  requests: { capacity: 10_000_000, per: 60_000 },
  tokens: { capacity: 1_000_000_000, per: 60_000 },
  concurrency: 1_000_000,
  day: 1e15,
  month: 5e15,
}
const TEAMS = 20

/** The call with this number. The clients take turns. */
export function callOf(
  number: number,
  clients: number,
  loop = false,
): { id: string; reservation: Reservation } {
  const client = number % clients
  const scopes: Scope[] = [
    { key: `client:cl_${idOf(client)}`, name: `client:service-${client}`, ...limits },
    { key: `team:tm_${idOf(client % TEAMS)}`, name: `team:team-${client % TEAMS}`, ...limits },
    { key: 'gateway', name: 'gateway', ...limits },
  ]
  if (loop) {
    const digest = String(number).padStart(43, '0')
    scopes.push({
      key: `loop:cl_${idOf(client)}:${digest}`,
      name: `client:service-${client}`,
      loop: { capacity: 30, per: 60_000 },
    })
  }
  return {
    id: `call-${idOf(number)}`,
    reservation: { scopes, tokens: 900, nanos: 6_000_000, entry: entryOf(number) },
  }
}

export function settlementOf({ id, reservation }: ReturnType<typeof callOf>, at: number): Settlement {
  const entry = { ...reservation.entry, ...ended }
  return { id, reservation, at, nanos: 2_345_000, tokens: 450, entry }
}

function entryOf(number: number) {
  return {
    reqId: `call-${idOf(number)}`,
    clientId: `cl_${idOf(number)}`,
    client: 'service-1',
    teamId: `tm_${idOf(number)}`,
    team: 'team-1',
    key: 'Ab3dEf7h',
    route: '/v1/messages',
    model: 'claude-haiku-4-5',
    upstream: 'ezai',
    stream: true,
    cache: 'MISS',
    priceVersion: '0123456789abcdef',
  }
}

const ended = {
  status: 200,
  outcome: 'ok',
  latencyMs: 1234.5,
  ttftMs: 321.4,
  upstreamMs: 1230.1,
  inputTokens: 320,
  cacheReadTokens: 5000,
  cacheWriteTokens: 0,
  outputTokens: 130,
  savedNanos: 0,
  estimated: false,
}

/** As long as a real id. */
function idOf(number: number): string {
  return String(number).padStart(20, '0')
}
