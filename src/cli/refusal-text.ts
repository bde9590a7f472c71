/** Rewrites errors of the admin API for the command line: it names flags, arguments and commands. */

import type { Fault } from '../admin/bodies.ts'
import type { Command, Input } from './command.ts'
import type { CliError } from './errors.ts'

/** The flag of each setting. `expected` is set if the formats of flag and setting differ. */
const flags: Record<string, { flag: string; expected?: string }> = {
  'limits.requests': { flag: 'requests' },
  'limits.tokens': { flag: 'tokens' },
  'limits.concurrency': { flag: 'concurrency' },
  'limits.maxWaitMs': { flag: 'max-wait', expected: 'a time from 0 to 10s, such as 500ms or 2s' },
  budget: { flag: 'budget' },
  loop: { flag: 'loop' },
  'cache.enabled': { flag: 'cache' },
  'cache.ttlSeconds': { flag: 'cache-ttl', expected: 'a time from 1s to 365d, such as 15m or 1h' },
  'cache.share': { flag: 'cache-share' },
  createTeam: { flag: 'create-team' },
  graceSeconds: { flag: 'grace', expected: 'a time from 0 to 365d, such as 1h or 7d' },
  expiresAt: {
    flag: 'expires',
    expected: 'a duration such as 90d, or a time such as 2027-01-31T12:00:00Z',
  },
  cursor: { flag: 'cursor', expected: 'the cursor that the previous page printed' },
}

/** Requests and phrases in errors of the admin API, and their replacements. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/GET \/admin\/clients\/\{name\}\/keys\b/g, '"keys list"'],
  [/POST \/admin\/clients\/([^/\s]+)\/keys\b/g, '"keys create $1"'],
  [/GET \/admin\/clients\b/g, '"clients list"'],
  [/GET \/admin\/teams\b/g, '"teams list"'],
  [/PUT \/admin\/teams\/(\S+)/g, '"teams set $1"'],
  [/GET \/admin\/tokens\b/g, '"tokens list"'],
  [/POST \/admin\/tokens\b/g, '"tokens create"'],
  [/GET \/admin\/docs shows what there is/g, 'the gateway may be older than this command'],
  [/"createTeam": true beside it/g, '--create-team'],
  [/change that one with PATCH/g, 'change that one with "clients update"'],
  [
    /with this request; send Authorization: Bearer and the value of ADMIN_TOKEN/g,
    '; set ADMIN_TOKEN, here or in .env, to the value that the gateway has',
  ],
  [/which may only GET; \w+ takes one/g, 'which may only read; this command takes one'],
]

/** Replaces requests by commands. */
function withCommands(text: string): string {
  return phrases
    .reduce((changed, [phrase, command]) => changed.replaceAll(phrase, command), text)
    .replaceAll(' ;', ';')
}

/** The text of a command's error. Each fault is one line that names its flag or argument. */
export function refusalText({ message, faults = [] }: CliError, command: Command, input: Input): string {
  const lines = faults.map(fault => faultText(fault, command, input))
  // The text after the faults is the advice.
  const named = faults.map(({ field, detail }) => `${field} ${detail}`).join('; ')
  const advice = message.startsWith(named) ? message.slice(named.length).replace(/^\.$/, '') : ''
  return withCommands(lines.length > 0 ? lines.join('\n') + advice : message)
}

function faultText(
  { field, detail }: Fault,
  { args, options }: Command,
  { args: typed, texts }: Input,
): string {
  const path = field.split('.')
  const found = path
    .map((_, i) => path.slice(0, path.length - i).join('.'))
    .find(name => flags[name] || options[name])
  const { flag = '', expected } = flags[found ?? ''] ?? { flag: found }
  const given = texts[flag]?.join(',')
  if (given !== undefined && expected)
    return `--${flag}: found ${JSON.stringify(given)}, expected ${expected}`
  if (given !== undefined) return `--${flag}: ${detail}`
  const [argument] = args.filter(name => name === field || (field === 'name' && typed[name] !== undefined))
  if (argument) return `<${argument}>: ${detail}`
  return options[flag] ? `--${flag}: ${detail}` : `${field} ${detail}`
}
