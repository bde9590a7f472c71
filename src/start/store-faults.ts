/**
 * Which answers of a store are wrong settings, as one line: variable, what was found, what is expected, how to fix it. Waiting does not
 * help against them. Whatever is not here may heal by itself.
 */

import { DatabaseError } from 'pg'
import { loggedMessage } from '../logged-error.ts'
import { isRedisAway } from '../redis-away.ts'
import { isAway } from '../stores/query.ts'
import { postgresPlace, redisPlace } from './places.ts'
import { type Fault, POSTGRES, REDIS, type Row } from './refusals.ts'

/** The oldest ones that the tests and the documents name. */
export const OLDEST_REDIS = 7
export const OLDEST_POSTGRES = 15

/** Thrown by a check of ours; its message lacks the variable. */
export class StoreFault extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(`found ${fault.found}, expected ${fault.expected}. ${fault.fix}`)
    this.fault = fault
  }
}

/** What is wrong, as a line; undefined where waiting may help. */
export function redisFault(error: unknown, { url, variable }: Store): string | undefined {
  const known = { said: saidBy(error), authority: 'REDIS_CA_FILE', user: '', database: '' }
  const place = `Redis at ${redisPlace(url)}`
  if (error instanceof StoreFault) return line(variable, place, error.fault)
  // A cluster's client keeps the reason of the last node it has asked.
  const cause = error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : undefined
  const found = rowOf(REDIS, error) ?? rowOf(REDIS, cause)
  if (found) return line(variable, place, found.fault({ ...known, said: saidBy(cause ?? error) }))
  const isAnswer = error instanceof Error && error.name === 'ReplyError'
  return isAnswer && !isRedisAway(error) ? line(variable, place, other(known.said)) : undefined
}

/** The same for Postgres. An error that is not from the network and not known is a fault too. */
export function postgresFault(error: unknown, { url, variable }: Store): string | undefined {
  const { user, database, address } = postgresPlace(url)
  const known = { said: saidBy(error), authority: 'DATABASE_CA_FILE', user, database }
  const place = `Postgres at ${address}`
  if (error instanceof StoreFault) return line(variable, place, error.fault)
  const found = rowOf(POSTGRES, error)
  if (found) return line(variable, place, found.fault(known))
  return isAway(error) ? undefined : line(variable, place, other(known.said))
}

export interface Store {
  url: string
  /** Where the URL came from: `REDIS_URL`, `DATABASE_URL_FILE`, … */
  variable: string
}

function other(said: string): Fault {
  return {
    found: `an answer that does not change by waiting (${said})`,
    expected: 'a server that does what the gateway asks',
    fix: 'Correct the URL or the server.',
  }
}

/** By the error's code, its name and its message, whichever fits. */
function rowOf(rows: Row[], error: unknown): Row | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const texts = [code, error.name, error.message]
  // The codes of others than Postgres are words, and its messages may begin with a number.
  return rows.find(({ when }) => texts.some(text => text !== '' && when.test(text)))
}

function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = error instanceof DatabaseError || !('code' in error) ? '' : `${error.code}: `
  return code + loggedMessage(error.message).replaceAll(/\s+/g, ' ')
}

function line(variable: string, place: string, { expected, fix, found }: Fault): string {
  return `${variable}: ${place}: found ${found}, expected ${expected}. ${fix}`
}
