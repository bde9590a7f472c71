/** Finds the command, reads what was typed, runs it, prints the answer. */

import { parseArgs } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }
import { didYouMean } from '../prices/nearest.ts'
import { createApi } from './api.ts'
import { type Command, type Input, isCliError, misused } from './command.ts'
import { alerts } from './commands/alerts.ts'
import { apply } from './commands/apply.ts'
import { audit } from './commands/audit.ts'
import { calls } from './commands/calls.ts'
import { clients } from './commands/clients.ts'
import { explain as explainPair } from './commands/explain.ts'
import { exportAll } from './commands/export.ts'
import { keys } from './commands/keys.ts'
import { performance } from './commands/performance.ts'
import { refusals } from './commands/refusals.ts'
import { schema } from './commands/schema.ts'
import { gateway, teams } from './commands/teams.ts'
import { tokens, whoami } from './commands/tokens.ts'
import { usage } from './commands/usage.ts'
import { verify } from './commands/verify.ts'
import { helpOn, helpOnAll, helpOnNoun } from './help.ts'
import { refusalText } from './refusal-text.ts'

const commands: Command[] = [
  ...clients,
  ...keys,
  ...teams,
  ...gateway,
  apply,
  exportAll,
  schema,
  usage,
  performance,
  ...calls,
  refusals,
  explainPair,
  ...alerts,
  verify,
  ...tokens,
  audit,
  whoami,
]

export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Ends a command that goes on. */
  stopped?: AbortSignal
}

export interface Place {
  url: string
  token: string | undefined
}

/** Returns the exit code: 0 done, 1 refused by the server or found to be wrong, 2 wrongly used. */
export async function main(words: string[], { url, token }: Place, terminal: Terminal): Promise<number> {
  const { out, err, stopped = new AbortController().signal } = terminal
  try {
    const [noun = '', verb = ''] = words
    const named = (name: string) => commands.find(command => command.name === name)
    const command = named(`${noun} ${verb}`) ?? named(noun)
    if (!command) return explain(words, terminal)
    const { input, json, help } = read(command, words.slice(command.name.split(' ').length))
    if (help) {
      out(helpOn(command))
      return 0
    }
    if (!token && !command.isOffline)
      throw misused(
        'ADMIN_TOKEN is not set; set it, here or in .env, to the value that the gateway has, or to a token made with tokens create.',
      )
    const live = {
      print: (answer: unknown, text: string) => out(json ? JSON.stringify(answer) : text),
      stopped,
    }
    const outcome = await command.run(input, createApi(url, token ?? ''), live).catch(error => {
      if (isCliError(error)) error.message = refusalText(error, command, input)
      throw error
    })
    if (!outcome) return 0
    const { answer, shown, exitCode = 0 } = outcome
    out(json ? JSON.stringify(answer, null, 2) : shown.text)
    if (!json && shown.note !== undefined) err(shown.note)
    return exitCode
  } catch (error) {
    if (!isCliError(error)) throw error
    err(error.message)
    return error.exitCode
  }
}

/** Help that was asked for is an answer; help because nothing else fits is a fault. */
function explain([noun = '', verb = '']: string[], { out, err }: Terminal): number {
  if (noun === '--version') {
    out(`tollgate ${manifest.version}`)
    return 0
  }
  const ofNoun = commands.filter(({ name }) => name.startsWith(`${noun} `))
  const help = ofNoun.length > 0 ? helpOnNoun(noun, ofNoun) : helpOnAll(commands)
  const isAsked = [noun, verb].some(word => word === '--help' || word === '-h' || word === 'help')
  if (isAsked) {
    out(help)
    return 0
  }
  const typed = `${noun} ${verb}`.trim()
  const isNoun = ofNoun.length > 0 && verb === ''
  err(typed === '' || isNoun ? help : `There is no command "${typed}".${hintFor(noun, verb)}\n\n${help}`)
  return 2
}

/** A hint for an unknown command: the nearest command, else the nearest group of commands. */
function hintFor(noun: string, verb: string): string {
  const names = commands.map(({ name }) => name)
  const nouns = [...new Set(names.map(name => name.split(' ')[0] ?? name))]
  return didYouMean(`${noun} ${verb}`, names) || didYouMean(noun, nouns)
}

function read(
  { name, args, options }: Command,
  words: string[],
): { input: Input; json: boolean; help: boolean } {
  const flag = { type: 'boolean' } as const
  const declared = Object.entries(options).map(([option, { value }]) => [
    option,
    value === undefined ? flag : ({ type: 'string', multiple: true } as const),
  ])
  const { values, positionals } = parse(name, words, {
    ...Object.fromEntries(declared),
    json: flag,
    help: { ...flag, short: 'h' },
  })
  const given = Object.entries(values)
  const input: Input = {
    args: Object.fromEntries(args.map((arg, i) => [arg, positionals[i] ?? ''])),
    texts: Object.fromEntries(
      given.flatMap(([option, value]) => (Array.isArray(value) ? [[option, value.map(String)]] : [])),
    ),
    flags: new Set(given.flatMap(([option, value]) => (value === true ? [option] : []))),
  }
  const help = input.flags.has('help')
  if (help) return { input, json: false, help }
  if (positionals.length !== args.length || positionals.includes('')) {
    const expected = args.length > 0 ? args.map(arg => `<${arg}>`).join(' ') : 'nothing more'
    throw misused(`${name}: found ${positionals.join(' ') || 'nothing'}, expected ${expected}. ${more(name)}`)
  }
  for (const [option, texts] of Object.entries(input.texts)) {
    if (texts.length > 1 && !options[option]?.multiple)
      throw misused(`--${option} is given twice. ${more(name)}`)
  }
  return { input, json: input.flags.has('json'), help }
}

function parse(
  name: string,
  args: string[],
  options: NonNullable<Parameters<typeof parseArgs>[0]>['options'],
) {
  try {
    return parseArgs({ args, options: options ?? {}, allowPositionals: true })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const [, unknown] = /^Unknown option '(?:--)?([^']+)'/.exec(error.message) ?? []
    const hint = unknown === undefined ? '' : didYouMean(unknown, Object.keys(options ?? {}))
    const flagHint = hint.replace('Did you mean ', 'Did you mean --')
    throw misused(`${error.message.split('. ')[0]}.${flagHint} ${more(name)}`)
  }
}

function more(name: string): string {
  return `See ${name} --help.`
}
