/** Errors of the admin API as RFC 9457 problem details: what was found, what is expected, how to fix it. */

import createError from '@fastify/error'
import type { Pool } from 'pg'
import type { Static } from 'typebox'
import { didYouMeanOne } from '../clients/nearest-name.ts'
import type { Members } from '../clients/team-records.ts'
import { retryAfter } from '../errors.ts'
import type { problem as problemSchema } from './response-schemas.ts'

const titles = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  417: 'Expectation failed',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
} as const

type Body = Static<typeof problemSchema>
/** A field of the request, and its fault. */
export type Fault = NonNullable<Body['errors']>[number]

export interface Problem extends Error {
  statusCode: number
  faults: Fault[]
  /** Response headers that belong to it. */
  headers: Record<string, string>
}

const Problem = createError('TOLLGATE_PROBLEM', '%s', 500, Error, false)

/** Creates a problem to throw. */
export function problem(
  statusCode: keyof typeof titles,
  detail: string,
  faults: Fault[] = [],
  headers: Record<string, string> = {},
): Problem {
  return Object.assign(new Problem(detail), { statusCode, faults, headers })
}

/** A 400 that lists the faults of the request. */
export function faultsProblem(faults: Fault[]): Problem {
  const all = faults.map(({ field, detail }) => `${field} ${detail}`).join('; ')
  return problem(400, `${all}.`, faults)
}

export function isProblem(error: unknown): error is Problem {
  return error instanceof Problem
}

export async function unknownClient(pool: Pool, name: string): Promise<Problem> {
  const hint = await didYouMeanOne(pool, 'client', name)
  return problem(404, `There is no client "${name}".${hint} GET /admin/clients lists those there are.`)
}

export function unknownKey(id: string): Problem {
  return problem(404, `There is no key "${id}"; GET /admin/clients/{name}/keys lists a client's keys.`)
}

export function unknownCursor(cursor: string): Problem {
  const detail = `found ${JSON.stringify(cursor)}, expected the value of "next" of the page before`
  return problem(400, `cursor ${detail}.`, [{ field: 'cursor', detail }])
}

export async function unknownTeam(pool: Pool, name: string): Promise<Problem> {
  const hint = await didYouMeanOne(pool, 'team', name)
  return problem(
    404,
    `There is no team "${name}".${hint} GET /admin/teams lists those there are; PUT /admin/teams/${name} makes this one.`,
  )
}

/** For a client with an unknown team. The team is not created, because a typo would take the client out of its team's budget. */
export async function noSuchTeam(pool: Pool, name: string): Promise<Problem> {
  const hint = await didYouMeanOne(pool, 'team', name)
  const detail = `found ${JSON.stringify(name)}, expected a team that exists.${hint}`
  return problem(
    400,
    `team ${detail} PUT /admin/teams/${name} makes this one, and so does "createTeam": true beside it.`,
    [{ field: 'team', detail }],
  )
}

export function teamHasClients(name: string, { count, names }: Members): Problem {
  const more = count > names.length ? ` and ${count - names.length} more` : ''
  const [noun, verb] = count === 1 ? ['client', 'is'] : ['clients', 'are']
  return problem(
    409,
    `${count} ${noun} ${verb} in the team "${name}": ${names.join(', ')}${more}. Move them to another team, or delete them, first.`,
  )
}

export function nameTaken(name: string): Problem {
  return problem(
    409,
    `There is a client "${name}" already; choose another name, or change that one with PATCH.`,
  )
}

export function tooManyAttempts(waitMs: number): Problem {
  const headers = retryAfter(waitMs)
  const detail = `Too many wrong tokens came from this address; try again in ${headers['retry-after']} s.`
  return problem(429, detail, [], headers)
}

/** The body of the response. */
export function problemBody({ statusCode, message, faults }: Problem, requestId: string): Body {
  const title = Object.entries(titles).find(([status]) => Number(status) === statusCode)?.[1] ?? 'Error'
  return {
    type: 'about:blank',
    title,
    status: statusCode,
    detail: message,
    ...(faults.length > 0 && { errors: faults }),
    requestId,
  }
}
