/** Cursors: the place where the next page of a list begins. A cursor is valid only for its own list. */

import { Type } from 'typebox'
import type { RankedPlace } from '../clients/ranked.ts'

const NAME = '[A-Za-z0-9._@-]{1,64}'

/** Finds a row again. */
const places = {
  name: new RegExp(`^${NAME}$`),
  number: /^\d{1,18}$/,
  /** A name; or an order, a rank, and the kind, name and window of the entry with that rank. */
  ranked: new RegExp(`^(${NAME}|[a-z]{1,10} \\d{1,10} [012] ${NAME} [01])$`),
}

const EXPECTED = 'the value of "next" of the page before'

/** A place in an order by rank, as a cursor holds it. */
export const formatRanked = ({ order, rank, tie }: RankedPlace & { order: string }) =>
  `${order} ${rank} ${tie}`

/** Undefined: the place is a name, or the beginning. */
export function parseRanked(place: string): (RankedPlace & { order: string }) | undefined {
  const [, order, rank, tie] = /^(\S+) (\d+) (.+)$/.exec(place) ?? []
  return order !== undefined && tie !== undefined ? { order, rank: Number(rank), tie } : undefined
}

export function cursorsOf(list: string, kind: keyof typeof places) {
  const format = (place: string) => Buffer.from(JSON.stringify([list, place])).toString('base64url')

  function parse(cursor: string): string | undefined {
    try {
      const place = String(JSON.parse(Buffer.from(cursor, 'base64url').toString())[1])
      return places[kind].test(place) && format(place) === cursor ? place : undefined
    } catch {
      return undefined
    }
  }

  return {
    format,
    /** The place of a checked cursor; '' is the beginning. */
    placeOf: (cursor: string | undefined) => (cursor === undefined ? '' : (parse(cursor) ?? '')),
    schema: Type.Optional(
      Type.Refine(
        Type.String({ description: '`next` of the page before', expected: EXPECTED }),
        text => parse(text) !== undefined,
        text => `found ${JSON.stringify(text)}, expected ${EXPECTED}`,
      ),
    ),
  }
}
