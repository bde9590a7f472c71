/** The time of queries to a ledger of ten thousand to five million calls, and the speed at which it is written. */

import type { Pool } from 'pg'
import { formatCursor } from '../../src/admin/ledger-query.ts'
import { BATCH, LANES } from '../../src/ledger/drain.ts'
import { createRecorder } from '../../src/ledger/record.ts'
import { CLIENTS, fillLedger } from '../fill-ledger.ts'
import { adminToken, startGateway } from '../gateway.ts'
import { openPostgres, openRedis } from '../stores.ts'
import { type Studied, type Study, sizeOf } from '../study.ts'

const times = 11
const rounds = 4
/** Rows that one drain writes at the same time. */
const atOnce = BATCH * LANES
const DAY = 86_400_000

const wait = (key: string, title: string) => ({ key, title, unit: 'ms', digits: 1 })

export const row: Study = {
  name: 'growth-ledger',
  title: 'Ledger of two months; time to the whole response',
  figures: [
    wait('newest', 'GET /admin/calls, newest page'),
    wait('deep', 'a page in the middle'),
    wait('client', 'newest page of one client'),
    wait('model', 'newest page of one model'),
    wait('rare', 'newest page of a rare outcome'),
    wait('call', 'one call by its id'),
    wait('byClient', 'GET /admin/usage of 30 days by client'),
    wait('byModel', '... by model'),
    wait('byDay', '... by day'),
    wait('performance', 'GET /admin/performance of 30 days by model, a day a slot'),
    { key: 'written', title: 'rows written by one drain, without fsync', unit: '/s', digits: 0 },
    { key: 'disk', title: 'on disk per call, indexes included', unit: 'B', digits: 0 },
  ],
  long: true,
  async study(folder, quick) {
    const postgres = await openPostgres(folder)
    const redis = await openRedis(folder)
    const studied: Studied[] = []
    try {
      const gateway = await startGateway(folder, { redisUrl: redis.url, databaseUrl: postgres.url })
      try {
        for (const size of quick ? [1000, 50_000] : [10_000, 500_000, 5_000_000]) {
          await fillLedger(postgres.pool, size)
          const values = { ...(await read(gateway.url)), ...(await write(postgres.pool, size)) }
          studied.push({ ...sizeOf(size, 'calls'), values })
        }
      } finally {
        await gateway.stop()
      }
    } finally {
      await redis.stop()
      await postgres.stop()
    }
    return studied
  },
}

async function read(url: string): Promise<Record<string, number[]>> {
  const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10)
  const month = `from=${dayOf(Date.now() - 29 * DAY)}&to=${dayOf(Date.now() + DAY)}`
  const middle = formatCursor({ at: new Date(Date.now() - 30 * DAY).toISOString(), id: '0', seq: 0 })
  const { calls } = await ask(url, `/admin/calls?cursor=${middle}`)
  const paths = {
    newest: '/admin/calls',
    deep: `/admin/calls?cursor=${middle}`,
    client: `/admin/calls?client=client-${CLIENTS / 2}`,
    model: '/admin/calls?model=gpt-6-luna',
    rare: '/admin/calls?outcome=upstream_error',
    call: `/admin/calls/${calls?.[0]?.id}`,
    byClient: `/admin/usage?by=client&${month}`,
    byModel: `/admin/usage?by=model&${month}`,
    byDay: `/admin/usage?by=day&${month}`,
    performance: `/admin/performance?by=model&step=day&${month}`,
  }
  const values: Record<string, number[]> = {}
  for (const [key, path] of Object.entries(paths)) {
    await ask(url, path)
    const taken: number[] = []
    for (let time = 0; time < times; time += 1) {
      const start = performance.now()
      await ask(url, path)
      taken.push(performance.now() - start)
    }
    values[key] = taken
  }
  return values
}

async function ask(url: string, path: string): Promise<{ calls?: { id: string }[]; rows?: unknown[] }> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${adminToken}` } })
  const text = await response.text()
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`)
  const body = JSON.parse(text)
  // An empty page is read quickly, so its time means nothing.
  if (body.rows?.length === 0 || body.calls?.length === 0) throw new Error(`GET ${path}: found nothing`)
  return body
}

async function write(pool: Pool, size: number): Promise<Record<string, number>> {
  const record = createRecorder(pool)
  const start = performance.now()
  for (let round = 0; round < rounds; round += 1) {
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      const first = round * atOnce + lane * BATCH
      const { inserted } = await record(Array.from({ length: BATCH }, (_, index) => entryOf(first + index)))
      if (inserted !== BATCH) throw new Error(`of ${BATCH} new rows ${inserted} were written`)
    })
    await Promise.all(lanes)
  }
  const written = (atOnce * rounds * 1000) / (performance.now() - start)
  const { rows } = await pool.query(
    `select sum(pg_total_relation_size(relid)) as bytes from pg_partition_tree('calls') where isleaf`,
  )
  return { written, disk: Number(rows[0].bytes) / (size + atOnce * rounds) }
}

function entryOf(number: number) {
  const at = Date.now()
  const client = (number * 7919) % CLIENTS
  const data = {
    clientId: `cl_${client}`,
    client: `client-${client}`,
    teamId: `tm_${client % 20}`,
    team: `team-${client % 20}`,
    key: 'Ab3dEf7h',
    route: '/v1/messages',
    model: 'claude-haiku-4-5',
    upstream: 'ezai',
    status: 200,
    outcome: 'ok',
    stream: true,
    cache: 'MISS',
    // Values as different as in real traffic, because performance is counted in many buckets.
    latencyMs: 300 * 1.002 ** ((number * 7919) % 2000),
    ttftMs: 100 * 1.001 ** ((number * 7919) % 2000),
    inputTokens: 320,
    cacheReadTokens: 5000,
    outputTokens: 130,
    priceVersion: '0123456789abcdef',
  }
  return {
    streamId: `${at}-${number}`,
    fields: {
      id: `${Math.random().toString(36).slice(2)}-${number}`,
      seq: '0',
      at: String(at),
      nanos: '2345000',
      held: '6000000',
      data: JSON.stringify(data),
    },
  }
}
