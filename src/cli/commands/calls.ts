/** Calls of the ledger: a list, a live list, and one call in full. */

import { setTimeout as pause } from 'node:timers/promises'
import type { CallBody, CallRowsBody, RefusedCallBody } from '../../admin/bodies.ts'
import { outcomes } from '../../ledger/call-record.ts'
import { orders, sorts } from '../../ledger/order.ts'
import type { Api } from '../api.ts'
import type { Command, Input, Stream } from '../command.ts'
import { usageError } from '../errors.ts'
import { count, NONE, table, usd } from '../text.ts'
import { type Page, pageNote, queryFrom } from './pages.ts'

const filters = {
  id: { value: 'req_0123…', about: 'the request id' },
  client: { value: 'frontend', about: 'name or id' },
  team: { value: 'web', about: 'name or id; covers at most 31 days' },
  key: { value: '3mPwpyb6', about: 'the public id of a key' },
  status: { value: '5xx', about: 'an HTTP status or a class such as 5xx; covers at most 31 days' },
  model: { value: 'claude-haiku-4-5', about: 'the requested model' },
  outcome: { value: 'ok', values: outcomes, about: 'as in the log' },
  from: { value: '2026-11-23T10:00:00Z', about: 'admitted at or after this UTC day or time' },
  to: { value: '2026-11-24', about: 'admitted before this UTC day or time' },
}
const sorting = {
  sort: { values: Object.keys(sorts), about: 'the order; all but time cover at most 31 days' },
  order: { values: orders, about: 'desc by default; asc puts the smallest or oldest first' },
}
const paging = {
  limit: { value: '50', about: 'the most rows, up to 500' },
  cursor: { value: 'WyIy…', about: 'the end of the previous page' },
}

export const calls: Command[] = [
  {
    name: 'calls',
    about: 'List calls of the ledger, newest first or sorted',
    args: [],
    options: {
      ...filters,
      ...sorting,
      ...paging,
      follow: { about: 'print calls as they end, until stopped' },
    },
    examples: [
      'calls --client frontend --outcome upstream_error',
      'calls --sort cost --limit 10',
      'calls --follow',
    ],
    async run(input, api, stream) {
      if (input.flags.has('follow')) return follow(input, api, stream)
      const response = await read(api, queryFrom(input, Object.keys({ ...filters, ...sorting, ...paging })))
      const text = response.calls.length > 0 ? table(head, response.calls.map(row)) : 'No calls match.'
      return { response, text, ...pageNote(response) }
    },
  },
  {
    name: 'calls show',
    about: 'Show one call with its charged attempts and corrections, or the reason for its refusal',
    args: ['id'],
    options: {},
    examples: ['calls show req_0123456789abcdef0123456789abcdef'],
    async run({ args }, api) {
      const path = `/calls/${encodeURIComponent(args.id ?? '')}`
      const response = await api.call<CallRowsBody>('GET', path)
      if (response.refused) return { response, text: refusedText(response.id, response.refused) }
      return { response, text: callText(response) }
    },
  },
]

/** One column for each row of the ledger: the attempts in their order, each before its correction. */
function callText(response: CallRowsBody): string {
  const rows = response.attempts.flatMap(attempt => attempt.rows)
  const columns = rows.map(row => new Map<string, unknown>(Object.entries(row)))
  const names = Object.keys(Object.assign({}, ...rows)).filter(name => name !== 'tried')
  const facts = names.map(fact => [fact, ...columns.map(column => String(column.get(fact) ?? NONE))])
  const titles = ['CALL', ...rows.map(({ id, seq }) => (seq === 0 ? id : 'CORRECTION'))]
  return [table(titles, facts), '', ...charged(response)].join('\n')
}

function refusedText(id: string, { client, reason, scope, sample }: RefusedCallBody): string {
  const { error, ...known } = sample
  const facts = Object.entries({ client: client ?? NONE, ...known, reason, scope: scope ?? NONE })
  const rows = facts.filter(([fact]) => fact !== 'reqId').map(([fact, value]) => [fact, String(value)])
  return [
    table(['CALL', id], rows),
    '',
    `The gateway refused the call${error ? `: ${error}` : ` (${reason}).`}`,
    'The call was not sent to an upstream and cost nothing.',
  ].join('\n')
}

/** The cost, the estimate and the hold of a call. A correction replaces the first charge. */
function charged({ attempts, costUsd, rows }: CallRowsBody): string[] {
  const held = Math.max(0, ...rows.map(({ heldUsd }) => heldUsd))
  const { estimated, estimate, tried, unbounded } = rows.at(-1) ?? {}
  const parts = attempts.map(attempt => `${usd(attempt.costUsd)} for ${attempt.id}`)
  return [
    ...(tried ? [`Failed attempts before: ${tried}.`] : []),
    ...(attempts.length > 1 ? [`Charged attempts: ${parts.join(', ')}.`] : []),
    `Cost: ${usd(costUsd)}${estimated ? ', estimated' : ''}.${held > 0 ? ` Held: ${usd(held)}.` : ''}`,
    ...(estimate ? [`Estimated from: ${estimate}.`] : []),
    ...(unbounded
      ? ['Unbounded: the call used a feature without a bound, so it may cost more than was held.']
      : []),
  ]
}

/** Milliseconds between two requests. */
const POLL_EVERY = 1000
/** Rows of one request. */
const PAGE = 200
/** The most earlier calls that are printed at the start. */
const EARLIER = 20
/** The most printed calls that are remembered. */
const REMEMBERED = 20_000

/** Calls are listed by admission time and appear at their end, so new calls may appear between earlier ones. */
async function follow(input: Input, api: Api, { print, stopped }: Stream): Promise<undefined> {
  const conflict = ['cursor', 'limit', 'to', 'sort', 'order'].find(option => input.texts[option])
  if (conflict) throw usageError(`--follow does not accept --${conflict}: found both, expected one of them.`)
  const printed = new Set<string>()
  const query = new URLSearchParams(queryFrom(input, Object.keys(filters)))
  query.set('limit', String(PAGE))
  const first = await read(api, `?${query}`)
  for (const call of first.calls) printed.add(keyOf(call))
  const oldest = first.next && first.calls.at(-1)
  if (oldest) query.set('from', oldest.at)
  const widths = [19, 12, 24, 6, 14, 6, 9, 9, 9, 9, 10, 6]
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  const show = (found: CallBody[]) => {
    for (const call of found.toReversed()) print(call, line(row(call)))
  }
  show(first.calls.slice(0, EARLIER))
  while (await pause(POLL_EVERY, true, { signal: stopped }).catch(() => false)) {
    const fresh: CallBody[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      if (cursor) query.set('cursor', cursor)
      else query.delete('cursor')
      const page: Page & { calls: CallBody[] } = await read(api, `?${query}`)
      const unknown = page.calls.filter(call => !printed.has(keyOf(call)))
      fresh.push(...unknown)
      for (const call of unknown) printed.add(keyOf(call))
      cursor = unknown.length > 0 ? page.next : undefined
    }
    show(fresh)
    for (const key of printed) {
      if (printed.size <= REMEMBERED) break
      printed.delete(key)
    }
  }
}

function read(api: Api, query: string): Promise<Page & { calls: CallBody[] }> {
  return api.call<Page & { calls: CallBody[] }>('GET', `/calls${query}`)
}

function keyOf({ id, seq }: CallBody): string {
  return `${id} ${seq}`
}

const head = [
  'ADMITTED',
  'CLIENT',
  'MODEL',
  'STATUS',
  'OUTCOME',
  'CACHE',
  'INPUT',
  'READ',
  'WRITTEN',
  'OUTPUT',
  'COST',
  'MS',
  'ID',
]

function row(call: CallBody): string[] {
  const { at, client = NONE, model = NONE, status, outcome = NONE, cache = NONE, latencyMs, id, seq } = call
  const { attempts = 1 } = call
  const tokens = (['inputTokens', 'cacheReadTokens', 'cacheWriteTokens', 'outputTokens'] as const).map(kind =>
    count(Number(call[kind] ?? 0)),
  )
  return [
    at.slice(0, 19).replace('T', ' '),
    client,
    model,
    String(status ?? NONE),
    attempts > 1 ? `${outcome} (attempt ${attempts})` : outcome,
    cache,
    ...tokens,
    usd(call.costUsd),
    latencyMs === undefined ? NONE : String(Math.round(latencyMs)),
    seq === 0 ? id : `${id} (correction)`,
  ]
}
