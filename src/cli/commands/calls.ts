/** The ledger's calls: listed, followed as they end, and one of them looked at. */

import { setTimeout as pause } from 'node:timers/promises'
import type { Call as LedgerCall } from '../../ledger/calls.ts'
import type { Api } from '../api.ts'
import type { Command, Input, Live } from '../command.ts'
import { misused } from '../errors.ts'
import { count, NONE, table, usd } from '../text.ts'
import { type Page, pageNote, queryFrom } from './pages.ts'
import type { RefusedCall } from './refusals.ts'

type Call = LedgerCall & {
  client?: string
  model?: string
  status?: number
  outcome?: string
  cache?: string
  latencyMs?: number
  costUsd: number
  heldUsd: number
  estimated?: boolean
  estimate?: string
  unbounded?: boolean
}
interface CallAnswer {
  id: string
  costUsd: number
  rows: Call[]
  /** Set if the call was refused and stored as a sample. */
  refused?: RefusedCall
}
type CallsAnswer = Page & { calls: Call[] }

const filters = {
  id: { value: 'req_0123…', about: 'the request id' },
  client: { value: 'frontend', about: 'name or id' },
  team: { value: 'web', about: 'name or id; reads at most 31 days' },
  key: { value: '3mPwpyb6', about: 'the public id of a key' },
  status: { value: '5xx', about: 'an HTTP status or a class of them; reads at most 31 days' },
  model: { value: 'claude-haiku-4-5', about: 'the model that was asked for' },
  outcome: { value: 'ok', about: 'as in the log: ok, cached, upstream_error, client_gone, lost, …' },
  from: { value: '2026-11-23T10:00:00Z', about: 'admitted then or later: a UTC day or a time' },
  to: { value: '2026-11-24', about: 'admitted before' },
}
const sorting = {
  sort: { value: 'cost', about: 'time, cost, latency, input or output; all but time read at most 31 days' },
  order: { value: 'asc', about: 'desc, or asc: the smallest or oldest first' },
}
const paging = {
  limit: { value: '50', about: 'rows at most, up to 500' },
  cursor: { value: 'WyIy…', about: 'where the page before ended' },
}

export const calls: Command[] = [
  {
    name: 'calls',
    about: 'Calls in the ledger, the newest first, or sorted',
    args: [],
    options: {
      ...filters,
      ...sorting,
      ...paging,
      follow: { about: 'print calls as they come, until stopped' },
    },
    examples: [
      'calls --client frontend --outcome upstream_error',
      'calls --sort cost --limit 10',
      'calls --follow',
    ],
    async run(input, api, live) {
      if (input.flags.has('follow')) return follow(input, api, live)
      const answer = await read(api, queryFrom(input, Object.keys({ ...filters, ...sorting, ...paging })))
      const text = answer.calls.length > 0 ? table(head, answer.calls.map(row)) : 'There are no such calls.'
      return { answer, shown: { text, ...pageNote(answer) } }
    },
  },
  {
    name: 'calls show',
    about: 'One call: all that the ledger knows of it, with its correction; the reason if it was refused',
    args: ['id'],
    options: {},
    examples: ['calls show req_0123456789abcdef0123456789abcdef'],
    async run({ args }, api) {
      const path = `/calls/${encodeURIComponent(args.id ?? '')}`
      const answer = await api.call<CallAnswer>('GET', path)
      if (answer.refused) return { answer, shown: { text: why(answer.id, answer.refused) } }
      const [charge, correction] = answer.rows
      const facts = Object.keys({ ...charge, ...correction }).map(fact => [
        fact,
        ...answer.rows.map(one => String(one[fact] ?? NONE)),
      ])
      const titles = ['CALL', answer.id, ...(correction ? ['CORRECTION'] : [])]
      return { answer, shown: { text: [table(titles, facts), '', ...charged(answer)].join('\n') } }
    },
  },
]

function why(id: string, { client, reason, scope, sample }: RefusedCall): string {
  const { error, ...known } = sample
  const facts = Object.entries({ client: client ?? NONE, ...known, reason, scope: scope ?? NONE })
  const shown = facts.filter(([fact]) => fact !== 'reqId').map(([fact, value]) => [fact, String(value)])
  return [
    table(['CALL', id], shown),
    '',
    `It was refused${error ? `: ${error}` : ` (${reason}).`}`,
    'It was not sent to an upstream and cost nothing.',
  ].join('\n')
}

/** The cost, the estimate and the hold of a call. A correction replaces the first charge. */
function charged({ costUsd, rows }: CallAnswer): string[] {
  const held = Math.max(0, ...rows.map(({ heldUsd }) => heldUsd))
  const { estimated, estimate, unbounded } = rows.at(-1) ?? {}
  return [
    `It cost ${usd(costUsd)}${estimated ? ', estimated' : ''}.${held > 0 ? ` ${usd(held)} was held for it.` : ''}`,
    ...(estimate ? [`How it was estimated: ${estimate}.`] : []),
    ...(unbounded
      ? ['Unbounded: the call used a feature without a bound, so it may cost more than it held.']
      : []),
  ]
}

/** Milliseconds between two looks. */
const LOOK_EVERY = 1000
/** Rows a look reads at once; shown of those that were there before. */
const PAGE = 200
const BEFORE = 20
/** Rows known to have been printed. */
const KNOWN = 20_000

/** A call is listed by its admission and appears at its end, so that new ones come in between old ones. */
async function follow(input: Input, api: Api, { print, stopped }: Live): Promise<undefined> {
  const taken = ['cursor', 'limit', 'to', 'sort', 'order'].find(option => input.texts[option])
  if (taken) throw misused(`--follow goes on by itself: leave --${taken} out.`)
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
  const show = (found: Call[]) => {
    for (const call of found.toReversed()) print(call, line(row(call)))
  }
  show(first.calls.slice(0, BEFORE))
  while (await pause(LOOK_EVERY, true, { signal: stopped }).catch(() => false)) {
    const news: Call[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      if (cursor) query.set('cursor', cursor)
      else query.delete('cursor')
      const page: CallsAnswer = await read(api, `?${query}`)
      const unknown = page.calls.filter(call => !printed.has(keyOf(call)))
      news.push(...unknown)
      for (const call of unknown) printed.add(keyOf(call))
      cursor = unknown.length > 0 ? page.next : undefined
    }
    show(news)
    for (const key of printed) {
      if (printed.size <= KNOWN) break
      printed.delete(key)
    }
  }
}

function read(api: Api, query: string): Promise<CallsAnswer> {
  return api.call<CallsAnswer>('GET', `/calls${query}`)
}

function keyOf({ id, seq }: Call): string {
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

function row(call: Call): string[] {
  const { at, client = NONE, model = NONE, status, outcome = NONE, cache = NONE, latencyMs, id, seq } = call
  const tokens = (['inputTokens', 'cacheReadTokens', 'cacheWriteTokens', 'outputTokens'] as const).map(kind =>
    count(Number(call[kind] ?? 0)),
  )
  return [
    at.slice(0, 19).replace('T', ' '),
    client,
    model,
    String(status ?? NONE),
    outcome,
    cache,
    ...tokens,
    usd(call.costUsd),
    latencyMs === undefined ? NONE : String(Math.round(latencyMs)),
    seq === 0 ? id : `${id} (correction)`,
  ]
}
