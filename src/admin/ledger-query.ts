/** The queries of the ledger: times, days, groups, and cursors. */

import { type Static, Type } from 'typebox'
import { outcomes } from '../ledger/call-record.ts'
import { nameOf, type Order, orders, type Place, type Sort, sorts } from '../ledger/order.ts'
import { MOST_SLOTS, performanceStepFor, slotsOf, stepNames } from '../ledger/performance.ts'
import { groups, series } from '../ledger/responses.ts'
import { type Group, ranks } from '../ledger/usage.ts'
import { utcDay } from '../lua/calendar.ts'
import { problem, unknownCursor } from './problem.ts'

const DATE = '\\d{4}-\\d{2}-\\d{2}'
/** A call's id contains only visible ASCII. */
const ID = /^[!-~]{1,128}$/
const TIME = `^${DATE}([Tt]([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?([Zz]|[+-]\\d{2}:\\d{2}))?$`
const TIMES = new RegExp(TIME)

export const time = (description: string) =>
  Type.Refine(
    Type.String({
      pattern: TIME,
      description,
      expected: 'a day such as 2026-11-23, or an RFC 3339 time such as 2026-11-23T10:00:00Z',
    }),
    text => !TIMES.test(text) || parseTime(text) !== undefined,
    text => `found ${JSON.stringify(text)}, expected a day that is in the calendar, from 1970 on`,
  )

const day = (description: string) =>
  Type.Refine(
    Type.String({ pattern: TIME, description, expected: 'a UTC day such as 2026-11-23' }),
    text => !TIMES.test(text) || isMidnight(text),
    text => `found ${JSON.stringify(text)}, expected the start of a UTC day: usage is summed by day`,
  )

const limit = (most: number, fallback: number) =>
  Type.Integer({ minimum: 1, maximum: most, default: fallback, expected: `a whole number from 1 to ${most}` })

/** The longest range that an order or a filter without an index may read. */
const LONGEST_DAYS = 31
const DAY = 86_400_000
const BOUNDED = `reads at most ${LONGEST_DAYS} days`
const sortNames = Object.keys(sorts) as Sort[]

export const callsQuery = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: ID.source,
        description: 'Request id',
        expected: 'a request id of up to 128 characters',
      }),
    ),
    client: Type.Optional(Type.String({ description: 'Name or id', expected: 'a name or id' })),
    team: Type.Optional(
      Type.String({ description: `Name on the day, or id; ${BOUNDED}`, expected: 'a name or id' }),
    ),
    key: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9]{1,64}$',
        description: 'The public id of a key: 3mPwpyb6 of tg_3mPwpyb6_…',
        expected: 'the public id of a key, such as 3mPwpyb6; never the whole key',
      }),
    ),
    status: Type.Optional(
      Type.String({
        pattern: '^[1-5](\\d\\d|xx)$',
        description: `HTTP status, or a class of them such as 5xx; ${BOUNDED}`,
        expected: 'a status such as 404, or a class such as 4xx',
      }),
    ),
    model: Type.Optional(Type.String({ expected: 'a model' })),
    outcome: Type.Optional(
      Type.Union(
        outcomes.map(outcome => Type.Literal(outcome)),
        { description: 'As in the log', expected: `one of ${outcomes.join(', ')}` },
      ),
    ),
    from: Type.Optional(
      time(`Admitted then or later; with sort, status or team ${LONGEST_DAYS} days before "to" if absent`),
    ),
    to: Type.Optional(time('Admitted before')),
    sort: Type.Optional(
      Type.Union(
        sortNames.map(sort => Type.Literal(sort)),
        {
          description: `Time if absent; all others ${BOUNDED.replace('reads', 'read')}`,
          expected: `one of ${sortNames.join(', ')}`,
        },
      ),
    ),
    order: Type.Optional(
      Type.Union(
        orders.map(order => Type.Literal(order)),
        { description: 'The largest or newest first (desc) if absent', expected: 'desc or asc' },
      ),
    ),
    cursor: Type.Optional(
      Type.Refine(
        Type.String({ description: '`next` of the page before', expected: 'the `next` of another page' }),
        text => parseCursor(text) !== undefined,
        text => `found ${JSON.stringify(text)}, expected the "next" of another page`,
      ),
    ),
    limit: limit(500, 50),
  },
  { additionalProperties: false },
)

export const refusalsQuery = Type.Object(
  {
    from: Type.Optional(time('Refused then or later; 24 hours ago if absent')),
    to: Type.Optional(time('Refused before; now if absent')),
    client: callsQuery.properties.client,
    reason: Type.Optional(Type.String({ description: 'An error_code', expected: 'an error_code' })),
    limit: limit(1000, 100),
  },
  { additionalProperties: false },
)

export const usageQuery = Type.Object(
  {
    from: Type.Optional(day('The first day; the first of this month if absent')),
    to: Type.Optional(day('The day after the last; the first of next month if absent')),
    by: Type.Optional(
      Type.String({
        pattern: `^(${groups.join('|')})(,(${groups.join('|')}))*$`,
        description: 'The fields to group by',
        expected: `some of ${groups.join(', ')}, separated by commas`,
      }),
    ),
    client: callsQuery.properties.client,
    team: Type.Optional(Type.String({ description: 'Name or id', expected: 'a name or id' })),
    top: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Number of clients, models and teams with their own rows; one row sums all others',
        expected: 'a whole number from 1 to 100',
      }),
    ),
    rank: Type.Optional(
      Type.Enum(ranks, {
        description: 'What `top` ranks them by; cost if absent',
        expected: `one of ${ranks.join(', ')}`,
      }),
    ),
    limit: limit(10_000, 1000),
  },
  { additionalProperties: false },
)

export const performanceQuery = Type.Object(
  {
    from: Type.Optional(time('Admitted then or later; 24 hours before `to` if absent')),
    to: Type.Optional(time('Admitted before; now if absent')),
    by: Type.Optional(
      Type.String({
        pattern: `^(${series.join('|')})(,(${series.join('|')}))?$`,
        description: 'One series for each; absent: all calls together',
        expected: `model, upstream or both, separated by a comma`,
      }),
    ),
    step: Type.Optional(
      Type.Union(
        stepNames.map(step => Type.Literal(step)),
        {
          description:
            'The length of a slot; absent: chosen by the range. 5m is kept for 7 days, hour for 92',
          expected: `one of ${stepNames.join(', ')}`,
        },
      ),
    ),
    model: Type.Optional(Type.String({ description: 'Only this model', expected: 'a model' })),
    upstream: Type.Optional(
      Type.String({ description: 'Only this upstream', expected: "an upstream's name" }),
    ),
    limit: limit(100, 20),
  },
  { additionalProperties: false },
)

interface Requested {
  sort?: Sort
  status?: string
  team?: string
  from?: Date | undefined
  to?: Date | undefined
}

/**
 * The time range to read. An order or a filter without an index reads every row of it, so it is at most 31 days up to `to` or now.
 * Throws a problem if the request asks for more.
 */
export function boundedRange({ sort = 'time', status, team, from, to }: Requested, now: number) {
  if (sort === 'time' && status === undefined && team === undefined) return { from, to }
  const end = to?.getTime() ?? now
  const first = end - LONGEST_DAYS * DAY
  if (from && from.getTime() < first) {
    const days = Math.ceil((end - from.getTime()) / DAY)
    const detail = `found ${days} days up to ${new Date(end).toISOString()}, expected at most ${LONGEST_DAYS} with sort, status or team; choose a later from or an earlier to`
    throw problem(400, `from ${detail}.`, [{ field: 'from', detail }])
  }
  return { from: from ?? new Date(first), to }
}

/** The range to read. Throws a problem if it is empty or has too many slots. */
export function performanceRange(query: Static<typeof performanceQuery>, now: Date) {
  const to = parseTime(query.to) ?? now
  const from = parseTime(query.from) ?? new Date(Math.max(0, to.getTime() - 86_400_000))
  if (from >= to) throw emptyRange(from.toISOString(), to.toISOString())
  const step = query.step ?? performanceStepFor(from, to, now)
  const slots = slotsOf(from, to, step)
  if (slots > MOST_SLOTS)
    throw problem(
      400,
      `found ${slots} slots of one ${step}, expected at most ${MOST_SLOTS}: ask for a shorter range or a longer step.`,
    )
  const asked = query.by?.split(',')
  return { from, to, step, by: series.filter(name => asked?.includes(name)) }
}

/** Returns the midnight (UTC) of a day. Undefined for an absent day, a day that does not exist, or one before 1970. */
export function parseTime(text = ''): Date | undefined {
  const moment = new Date(text.toUpperCase())
  if (!(moment.getTime() >= 0)) return undefined
  // JavaScript parses February 30 as March 2.
  const date = text.slice(0, 10)
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date) ? moment : undefined
}

function isMidnight(text: string): boolean {
  const moment = parseTime(text)
  return moment !== undefined && moment.getTime() % 86_400_000 === 0
}

function emptyRange(from: string, to: string) {
  return problem(400, `found "from" ${from}, expected a time before "to", ${to}.`)
}

/** The requested days, half-open; by default the current month. Throws a problem if there is none. */
export function periodOf({ from, to }: Static<typeof usageQuery>, now: Date) {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()]
  const dayOf = (text: string | undefined, fallback: number) => utcDay(parseTime(text) ?? fallback)
  const period = { from: dayOf(from, Date.UTC(year, month)), to: dayOf(to, Date.UTC(year, month + 1)) }
  if (period.from >= period.to) throw emptyRange(period.from, period.to)
  return period
}

export function groupsOf({ by }: Static<typeof usageQuery>): Group[] {
  const asked = by?.split(',')
  return groups.filter(group => asked?.includes(group))
}

export function formatCursor({ at, id, seq, by, value }: Place): string {
  const parts = [at, id, seq, ...(by === undefined ? [] : [by, value])]
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

export function parseCursor(text = ''): Place | undefined {
  try {
    const [at, id, seq, by, value] = JSON.parse(Buffer.from(text, 'base64url').toString())
    const isPlace = TIMES.test(String(at)) && parseTime(at) && ID.test(String(id)) && (seq === 0 || seq === 1)
    const isSorted = by === undefined || (listNames.has(by) && isValueOf(by, value))
    const place = { at, id, seq, ...(by !== undefined && { by, value }) }
    // The decoder ignores characters that are not base64url.
    return isPlace && isSorted && formatCursor(place) === text ? place : undefined
  } catch {
    return undefined
  }
}

/** Postgres could not compare any other value with the column. */
function isValueOf(list: string, value: unknown): boolean {
  return list.startsWith('latency') ? Math.abs(Number(value)) < 1e38 : Number.isSafeInteger(value)
}

const listNames = new Set(sortNames.flatMap(sort => orders.map(order => nameOf(sort, order))))

/** The place of the cursor. Throws if the cursor is of another sort or order. */
export function placeIn(query: { cursor?: string; sort?: Sort; order?: Order }): Place | undefined {
  const place = parseCursor(query.cursor)
  if (place && place.by !== nameOf(query.sort, query.order)) throw unknownCursor(query.cursor ?? '')
  return place
}
