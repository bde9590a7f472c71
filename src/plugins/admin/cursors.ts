/** Where the next page of a list begins, as callers carry it: it names its list, and no other list takes it. */

import { Type } from 'typebox'

/** What a row is found again by. */
const places = {
  name: /^[A-Za-z0-9._@-]{1,64}$/,
  number: /^\d{1,18}$/,
}

const EXPECTED = 'the value of "next" of the page before'

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
    /** The place that a checked cursor stands for; '' is the beginning. */
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
