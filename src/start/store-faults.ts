/**
 * Which answers of a store are wrong settings, as one line: variable, what was found, what is expected, how to fix it. Waiting does not
 * help against them. Whatever is not here may heal by itself.
 */

import { DatabaseError } from 'pg'
import { loggedMessage } from '../logged-error.ts'
import { isRedisAway } from '../redis-away.ts'
import { isAway } from '../stores/query.ts'
import { postgresPlace, redisPlace } from './places.ts'

/** The oldest ones that the tests and the documents name. */
export const OLDEST_REDIS = 7
export const OLDEST_POSTGRES = 15

export interface Fault {
  found: string
  expected: string
  fix: string
}

/** Thrown by a check of ours; its message lacks the variable. */
export class StoreFault extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(`found ${fault.found}, expected ${fault.expected}. ${fault.fix}`)
    this.fault = fault
  }
}

/** `said`: the server's own words; `authority`: the variable for a private one; `user` and `database` of the URL. */
interface Known {
  said: string
  authority: string
  user: string
  database: string
}

interface Row {
  /** A code, or words of the message. */
  when: RegExp
  fault(known: Known): Fault
}

const ESCAPES = 'Characters such as @ : / ? # % are percent-encoded in a URL.'

const TLS: Row = {
  when: /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)|does not support SSL/,
  fault: ({ authority, said }) => ({
    found: `no TLS connection (${said})`,
    expected: 'a certificate for this host from an authority that is known here',
    fix: `Name a private authority in ${authority}, correct the host, or use a URL without TLS.`,
  }),
}
const SOCKET: Row = {
  when: /^(EACCES|EPERM)$/,
  fault: ({ said }) => ({
    found: `a socket that may not be opened (${said})`,
    expected: 'one that this user may read and write',
    fix: 'Change its mode or its owner.',
  }),
}

const REDIS: Row[] = [
  TLS,
  SOCKET,
  {
    when: /^(WRONGPASS|ERR invalid password)/,
    fault: () => ({
      found: 'that the server refuses the password',
      expected: 'the user and the password that it knows',
      fix: `Correct them: redis://user:password@host, or redis://:password@host for the default user. ${ESCAPES}`,
    }),
  },
  {
    when: /^NOAUTH/,
    fault: () => ({
      found: 'no password, and a server that asks for one',
      expected: 'a password',
      fix: `Add it: redis://:password@host. ${ESCAPES}`,
    }),
  },
  {
    when: /^NOPERM/,
    fault: ({ said }) => ({
      found: `a user without the rights it needs (${said})`,
      expected: 'a user with all commands on {tollgate}:*, scripts and INFO',
      fix: 'Give them to it with ACL SETUSER, or use another user.',
    }),
  },
  {
    when: /^DENIED/,
    fault: () => ({
      found: 'a server in protected mode, which takes connections from its own machine only',
      expected: 'one that takes connections from here',
      fix: 'Give it a password (requirepass) and put that into the URL.',
    }),
  },
  {
    when: /DB index/i,
    fault: () => ({
      found: 'a database number that the server does not have',
      expected: 'one that it has, such as 0',
      fix: 'Correct the number at the end of the URL.',
    }),
  },
  {
    when: /^(Protocol error|ParserError|Unknown RESP type)/,
    fault: () => ({
      found: 'a server that does not speak the protocol of Redis',
      expected: 'Redis or Valkey',
      fix: 'Correct host, port and scheme: rediss:// is for TLS.',
    }),
  },
]

const POSTGRES: Row[] = [
  TLS,
  SOCKET,
  {
    when: /client password must be/,
    fault: ({ user }) => ({
      found: `no password for the user "${user}", and a server that asks for one`,
      expected: 'a password',
      fix: `Add it: postgres://user:password@host/database. ${ESCAPES}`,
    }),
  },
  {
    when: /^28|(password|SASL) authentication failed|no such user/i,
    fault: ({ said, user }) => ({
      found: `that the server refuses the user "${user}" (${said})`,
      expected: 'a user and a password that it accepts',
      fix: `Correct them, or let this user in with pg_hba.conf. ${ESCAPES}`,
    }),
  },
  {
    when: /^3D000|no such database/i,
    fault: ({ database, user }) => ({
      found: `no database "${database}"`,
      expected: 'one that exists',
      fix: `Correct the name at the end of the URL, or run: CREATE DATABASE "${database}" OWNER "${user}"`,
    }),
  },
  {
    when: /^(42501|3F000)$/,
    fault: ({ database, said, user }) => ({
      found: `a user without the rights it needs (${said})`,
      expected: 'the owner of the database',
      fix: `Run: ALTER DATABASE "${database}" OWNER TO "${user}", and make it the owner of the tables that are there; or use the owner.`,
    }),
  },
  {
    when: /^25006$/,
    fault: ({ said }) => ({
      found: `a read-only database (${said})`,
      expected: 'one that can be written to',
      fix: 'Name the primary instead of a replica, or set default_transaction_read_only to off.',
    }),
  },
]

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
