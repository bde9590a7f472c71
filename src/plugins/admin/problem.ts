/** Errors of the administration, as RFC 9457 problem details: what was found, what is expected, how to mend it. */

import createError from '@fastify/error'

const titles = {
  400: 'Bad request',
  401: 'Unauthorized',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  500: 'Internal error',
  503: 'Unavailable',
} as const

/** One fault in what was sent: the field's path, and what is wrong with it. */
export interface Fault {
  field: string
  detail: string
}

export interface Problem extends Error {
  statusCode: number
  faults: Fault[]
}

const Problem = createError('TOLLGATE_PROBLEM', '%s', 500, Error, false)

/** Makes a problem to throw. */
export function problem(statusCode: keyof typeof titles, detail: string, faults: Fault[] = []): Problem {
  return Object.assign(new Problem(detail), { statusCode, faults })
}

export function isProblem(error: unknown): error is Problem {
  return error instanceof Problem
}

export function unknownClient(name: string): Problem {
  return problem(404, `There is no client "${name}"; GET /admin/clients lists those there are.`)
}

export function unknownKey(id: string): Problem {
  return problem(404, `There is no key "${id}"; GET /admin/clients/{name}/keys lists a client's keys.`)
}

export function unknownTeam(name: string): Problem {
  return problem(404, `There is no team "${name}"; GET /admin/teams lists those there are, PUT makes one.`)
}

export function nameTaken(name: string): Problem {
  return problem(
    409,
    `There is a client "${name}" already; choose another name, or change that one with PATCH.`,
  )
}

/** As it is sent. */
export function problemBody({ statusCode, message, faults }: Problem, requestId: string): object {
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
