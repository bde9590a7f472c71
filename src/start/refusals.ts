/** Errors of a store that waiting does not fix: how each is recognized, and the fault to report. */

export interface Fault {
  found: string
  expected: string
  fix: string
}

/** `message`: the server's error; `authority`: the variable for a private certificate authority; `user` and `database` of the URL. */
export interface Context {
  message: string
  authority: string
  user: string
  database: string
}

export interface Row {
  /** Matches a code, or a part of the message. */
  when: RegExp
  fault(context: Context): Fault
}

const ESCAPES = 'Characters such as @ : / ? # % are percent-encoded in a URL.'

const TLS: Row = {
  when: /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)|does not support SSL/,
  fault: ({ authority, message }) => ({
    found: `no TLS connection (${message})`,
    expected: 'a certificate for this host from a trusted authority',
    fix: `Name a private authority in ${authority}, correct the host, or use a URL without TLS.`,
  }),
}
const SOCKET: Row = {
  when: /^(EACCES|EPERM)$/,
  fault: ({ message }) => ({
    found: `a socket that may not be opened (${message})`,
    expected: 'one that this user may read and write',
    fix: 'Change its mode or its owner.',
  }),
}

export const REDIS: Row[] = [
  TLS,
  SOCKET,
  {
    when: /^(WRONGPASS|ERR invalid password)/,
    fault: () => ({
      found: 'a password that the server refuses',
      expected: 'a user and a password that it accepts',
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
    fault: ({ message }) => ({
      found: `a user without the rights it needs (${message})`,
      expected: 'a user with all commands on {tollgate}:*, scripts and INFO',
      fix: 'Grant these rights with ACL SETUSER, or use another user.',
    }),
  },
  {
    when: /^DENIED/,
    fault: () => ({
      found: 'a server in protected mode, which takes connections from its own machine only',
      expected: 'one that takes connections from here',
      fix: 'Set a password on the server (requirepass) and in the URL.',
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
      found: 'a server that does not use the protocol of Redis',
      expected: 'Redis or Valkey',
      fix: 'Correct host, port and scheme: rediss:// is for TLS.',
    }),
  },
]

export const POSTGRES: Row[] = [
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
    fault: ({ message, user }) => ({
      found: `a user "${user}" that the server refuses (${message})`,
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
    fault: ({ database, message, user }) => ({
      found: `a user without the rights it needs (${message})`,
      expected: 'the owner of the database',
      fix: `Run: ALTER DATABASE "${database}" OWNER TO "${user}", and make it the owner of the tables that are there; or use the owner.`,
    }),
  },
  {
    when: /^25006$/,
    fault: ({ message }) => ({
      found: `a read-only database (${message})`,
      expected: 'one that can be written to',
      fix: 'Name the primary instead of a replica, or set default_transaction_read_only to off.',
    }),
  },
]
