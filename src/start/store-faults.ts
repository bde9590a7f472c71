/**
 * Errors of a store that mean a wrong setting, each as one line: variable, what was found, what is expected, how to fix it. Waiting
 * does not fix them. All other errors may be temporary.
 */

import { DatabaseError } from 'pg'
import { postgresPlace, redisPlace } from '../config/places.ts'
import { loggedMessage } from '../logged-error.ts'
import { isRedisAway } from '../redis/away.ts'
import { isAway } from '../sql/query.ts'
import { type Fault, POSTGRES, REDIS, type Row } from './refusals.ts'

/** The oldest supported versions. */
export const OLDEST_REDIS = 7
export const OLDEST_POSTGRES = 15

/** Thrown by the gateway's own checks; its message does not name the variable. */
export class StoreFault extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(`found ${fault.found}, expected ${fault.expected}. ${fault.fix}`)
    this.fault = fault
  }
}

/** The fault as one line; undefined if waiting may help. */
export function redisFault(error: unknown, { url, variable }: Store): string | undefined {
  const context = { message: messageOf(error), authority: 'REDIS_CA_FILE', user: '', database: '' }
  const place = `Redis at ${redisPlace(url)}`
  if (error instanceof StoreFault) return line(variable, place, error.fault)
  // The client of a cluster keeps the error of the last node.
  const cause = error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : undefined
  const found = rowOf(REDIS, error) ?? rowOf(REDIS, cause)
  if (found) return line(variable, place, found.fault({ ...context, message: messageOf(cause ?? error) }))
  const isReply = error instanceof Error && error.name === 'ReplyError'
  return isReply && !isRedisAway(error) ? line(variable, place, other(context.message)) : undefined
}

/** The same for Postgres. An error that is not from the network and not known is a fault too. */
export function postgresFault(error: unknown, { url, variable }: Store): string | undefined {
  const { user, database, address } = postgresPlace(url)
  const context = { message: messageOf(error), authority: 'DATABASE_CA_FILE', user, database }
  const place = `Postgres at ${address}`
  if (error instanceof StoreFault) return line(variable, place, error.fault)
  const found = rowOf(POSTGRES, error)
  if (found) return line(variable, place, found.fault(context))
  return isAway(error) ? undefined : line(variable, place, other(context.message))
}

export interface Store {
  url: string
  /** Where the URL came from: `REDIS_URL`, `DATABASE_URL_FILE`, … */
  variable: string
}

function other(message: string): Fault {
  return {
    found: `an error that waiting does not fix (${message})`,
    expected: 'a server that executes the commands of the gateway',
    fix: 'Correct the URL or the server.',
  }
}

/** The first row that matches the error's code, name or message. */
function rowOf(rows: Row[], error: unknown): Row | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const texts = [code, error.name, error.message]
  // Codes of errors that are not of Postgres are words; messages of Postgres may begin with a number.
  return rows.find(({ when }) => texts.some(text => text !== '' && when.test(text)))
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = error instanceof DatabaseError || !('code' in error) ? '' : `${error.code}: `
  return code + loggedMessage(error.message).replaceAll(/\s+/g, ' ')
}

function line(variable: string, place: string, { expected, fix, found }: Fault): string {
  return `${variable}: ${place}: found ${found}, expected ${expected}. ${fix}`
}
