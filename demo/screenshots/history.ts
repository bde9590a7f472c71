/** Weeks of calls, refusals and alerts of the invented company, in the form in which the gateway writes its own. */

import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { createOutbox } from '../../src/alerts/outbox.ts'
import { type ClientRecord, createClient } from '../../src/clients/client-records.ts'
import { putGateway, putTeam } from '../../src/clients/team-records.ts'
import type { Entry } from '../../src/ledger/call-record.ts'
import type { StreamEntry } from '../../src/ledger/entry.ts'
import { createRecorder } from '../../src/ledger/record.ts'
import { countRefusals, createRefusalCounter } from '../../src/ledger/refusals.ts'
import { clients, gateway, type Habits, type Model, models, teams } from './company.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const DAYS = 75
const BATCH = 500

/** A fixed seed, so that every run makes the same history. */
function createDice(seed: number) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Fills an empty, migrated database with weeks of use. */
export async function writeHistory(pool: Pool, now = Date.now()): Promise<void> {
  const { records, teamIds } = await makeClients(pool)
  const dice = createDice(20_261)
  const entries = clients.flatMap((habits, i) => callsOf({ habits, client: records[i]!, teamIds, dice }, now))
  entries.sort((a, b) => Number(a.fields.at) - Number(b.fields.at))
  const record = createRecorder(pool)
  for (let first = 0; first < entries.length; first += BATCH)
    await record(entries.slice(first, first + BATCH))
  await refuse(pool, records, now, dice)
  await alert(pool, now)
}

/** One client and its use. */
interface Actor {
  habits: Habits
  client: ClientRecord
  teamIds: Map<string, string>
  dice: () => number
}

async function makeClients(pool: Pool): Promise<{ records: ClientRecord[]; teamIds: Map<string, string> }> {
  const db = await pool.connect()
  try {
    await putGateway(db, gateway)
    const teamIds = new Map<string, string>()
    for (const [name, settings] of Object.entries(teams))
      teamIds.set(name, (await putTeam(db, name, settings)).id)
    const records: ClientRecord[] = []
    for (const { settings } of clients) records.push((await createClient(db, settings)).record)
    return { records, teamIds }
  } finally {
    db.release()
  }
}

function callsOf(actor: Actor, now: number): StreamEntry[] {
  const { habits, dice } = actor
  const first = Math.floor(now / DAY) - DAYS
  return Array.from({ length: DAYS + 1 }, (_, i) => first + i).flatMap((day, i) => {
    const weekday = new Date(day * DAY).getUTCDay()
    const isFree = habits.isPeople && (weekday === 0 || weekday === 6)
    const trend = 1 + habits.growth * (i / DAYS - 0.6)
    const calls = Math.round(habits.calls * trend * (isFree ? 0.28 : 1) * (0.8 + 0.4 * dice()))
    return Array.from(
      { length: Math.max(0, calls) },
      () => day * DAY + timeOfDay(habits.isPeople, dice) * DAY,
    )
      .filter(at => at < now)
      .map(at => callAt(Math.floor(at), actor))
  })
}

/** People call between morning and evening. */
function timeOfDay(isPeople: boolean, dice: () => number): number {
  if (!isPeople) return dice()
  return Math.min(0.999, Math.max(0, 0.57 + (dice() + dice() + dice() - 1.5) * 0.32))
}

function callAt(at: number, { habits, client, teamIds, dice }: Actor): StreamEntry {
  const model = pick(habits.uses, dice)
  const around = (tokens: number) =>
    Math.max(8, Math.round(tokens * (0.35 + 1.3 * dice() * dice() + 0.5 * dice())))
  const input = around(habits.input)
  const read = dice() < 0.75 ? Math.round(input * habits.read) : 0
  const output = around(habits.output)
  const isCached = dice() < habits.cached
  const fate = dice()
  const outcome = isCached ? 'cached' : fate < 0.006 ? 'upstream_error' : fate < 0.011 ? 'client_gone' : 'ok'
  const nanos = costOf(model, { input: input - read, read, output })
  const isPaid = outcome === 'ok' || outcome === 'client_gone'
  const upstreamMs = 380 + output * (5 + 6 * dice()) + input * 0.012
  const stream = dice() < 0.7
  const data = {
    ...{ clientId: client.id, client: client.name, key: keyOf(client), route: routeOf(model), model },
    ...{ upstream: model.startsWith('claude') ? 'anthropic' : 'openai', outcome, stream },
    upstreamModel: undefined,
    attempts: 1,
    tried: undefined,
    ...(client.team && { teamId: teamIds.get(client.team), team: client.team }),
    ...{ status: outcome === 'upstream_error' ? 502 : 200, cache: isCached ? 'HIT' : 'MISS' },
    ...{ latencyMs: round(isCached ? 2 + 3 * dice() : upstreamMs + 2 + 2 * dice()) },
    ...(isCached
      ? {}
      : { upstreamMs: round(upstreamMs), ttftMs: round(stream ? 300 + 500 * dice() : upstreamMs) }),
    ...(isPaid && { inputTokens: input - read, cacheReadTokens: read, outputTokens: output }),
    ...(isCached && { savedNanos: nanos }),
    ...(outcome === 'upstream_error' && {
      error: 'the provider answered 529',
      refusal: 'upstream_overloaded',
    }),
    ...{ estimated: outcome === 'client_gone', priceVersion: '5d1c02f9a7e34b60' },
  }
  const fields = {
    ...{ id: `req_${randomBytes(16).toString('hex')}`, seq: '0', at: String(at) },
    ...{ nanos: String(isPaid ? nanos : 0), held: String(isCached ? 0 : Math.round(nanos * (1.4 + dice()))) },
    data: JSON.stringify(data),
  }
  return { streamId: `${at}-0`, fields }
}

function costOf(
  model: Model,
  { input, read, output }: { input: number; read: number; output: number },
): number {
  const price = models[model]
  return Math.round((input * price.in + read * price.read + output * price.out) * 1000)
}

const reasons = [
  [
    'support-bot',
    'rate_limited',
    429,
    46,
    'Client support-bot may make 120 requests per 1m; try again in 480 ms.',
  ],
  [
    'ticket-triage',
    'budget_exceeded',
    402,
    31,
    'The budget of client ticket-triage, $3 a day, is spent; it resets at 00:00 UTC.',
  ],
  ['product-copy', 'model_not_allowed', 404, 12, 'Client product-copy may not use claude-opus-5-5.'],
  ['research-agents', 'loop_detected', 429, 9, 'The same request came 30 times within 1m.'],
  ['code-review', 'budget_in_flight', 429, 6, 'Only calls still running are in the way.'],
  [undefined, 'invalid_key', 403, 17, 'The key is not one of this gateway.'],
] as const

async function refuse(pool: Pool, records: ClientRecord[], now: number, dice: () => number): Promise<void> {
  const counter = createRefusalCounter(100_000)
  for (const [name, refusal, status, times, error] of reasons) {
    const client = records.find(record => record.name === name)
    const model = clients.find(({ settings }) => settings.name === name)?.uses[0] ?? 'claude-haiku-4-5'
    for (let day = 0; day < 14; day++) {
      const burst = dice()
      for (let i = 0; i < times * (0.4 + burst); i++) {
        const at = now - day * DAY - Math.floor((dice() < 0.6 ? burst + dice() * 0.06 : dice()) * DAY * 0.94)
        counter.count(refusedCall({ client, refusal, status, error, model }), at)
      }
    }
  }
  await countRefusals(pool, counter.take())
}

function refusedCall(about: {
  client: ClientRecord | undefined
  refusal: string
  status: number
  error: string
  model: Model
}): Entry {
  const { client, refusal, status, error, model } = about
  return {
    ...{ reqId: `req_${randomBytes(16).toString('hex')}`, clientId: client?.id, client: client?.name },
    ...{ teamId: undefined, team: client?.team, key: client && keyOf(client), route: routeOf(model), model },
    ...{ upstream: undefined, status, outcome: 'refused', stream: false, cache: undefined, latencyMs: 1.2 },
    ...{ ttftMs: undefined, upstreamMs: undefined, inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 },
    ...{ outputTokens: 0, costNanos: 0, savedNanos: 0, estimated: false, priceVersion: undefined, error },
    ...{ refusal, scope: client && `client:${client.name}`, estimate: undefined, unbounded: undefined },
    ...{ upstreamModel: undefined, attempts: undefined, tried: undefined },
  }
}

async function alert(pool: Pool, now: number): Promise<void> {
  const outbox = createOutbox(pool, { webhook: true, leaseMs: 1000 })
  const raised = [
    [
      3 * DAY,
      'loop_detected',
      'warning',
      'client:research-agents',
      'client:research-agents sends the same request over and over; the loop brake refuses it.',
    ],
    [
      29 * HOUR,
      'budget_threshold',
      'warning',
      'team:support',
      'team:support has spent 80 % of its budget for this month: $440.11 of $550.00 spent.',
    ],
    [
      2 * HOUR,
      'budget_exceeded',
      'critical',
      'client:ticket-triage',
      'What client:ticket-triage has left of its budget for this day is too little for its calls, which are refused: $2.98 of $3.00 spent.',
    ],
  ] as const
  for (const [age, kind, severity, scope, title] of raised) {
    const raisedAt = new Date(now - age)
    const deliveredAt = new Date(raisedAt.getTime() + 900)
    await outbox.add({
      kind,
      severity,
      scope,
      title,
      dedupe: `${kind} ${scope} ${age}`,
      details: {},
      raisedAt,
      deliveredAt,
    })
  }
}

function keyOf({ id }: ClientRecord): string {
  return id.slice(0, 8)
}

function routeOf(model: Model): string {
  return model.startsWith('claude') ? '/v1/messages' : '/v1/chat/completions'
}

function pick<Value>(from: readonly Value[], dice: () => number): Value {
  return from[Math.floor(dice() * from.length)]!
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
