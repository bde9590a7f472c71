/** The administration's errors in the words of the command that was typed: its flags, its arguments, the other commands. */

import type { CliError, Command, Fault, Input } from './command.ts'

/** Settings by the administration's names. `expected`: the flag's value is written in another way than the setting's. */
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
    expected: 'a time from now such as 90d, or a moment such as 2027-01-31T12:00:00Z',
  },
  cursor: { flag: 'cursor', expected: 'the one that the page before printed' },
}

/** Calls of the administration, and other words of its own, as the commands that make them. */
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
  [/which may only GET; \w+ takes one/g, 'which may only look; this command takes one'],
]

/** What the administration says, for someone who types commands. */
export function inOwnWords(text: string): string {
  return phrases.reduce((words, [phrase, own]) => words.replaceAll(phrase, own), text).replaceAll(' ;', ';')
}

/** The error of a command. Faults of fields come one a line, each at the flag or the argument that it is about. */
export function tellRefusal({ message, faults = [] }: CliError, command: Command, input: Input): string {
  const lines = faults.map(fault => at(fault, command, input))
  // Behind the faults stands what to do.
  const named = faults.map(({ field, detail }) => `${field} ${detail}`).join('; ')
  const advice = message.startsWith(named) ? message.slice(named.length).replace(/^\.$/, '') : ''
  return inOwnWords(lines.length > 0 ? lines.join('\n') + advice : message)
}

function at({ field, detail }: Fault, { args, options }: Command, { args: typed, texts }: Input): string {
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
