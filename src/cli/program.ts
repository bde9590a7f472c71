/** Builds the commander program from the table of commands. */

import { Command as Commander, type CommanderError, Option } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import type { Command, Option as Declared, Input } from './command.ts'
import { commands } from './commands.ts'
import { usageError } from './errors.ts'
import { argumentsOf, pathOf, seeHelp, usageErrorText } from './usage-errors.ts'

const environment = `
Environment, or .env:
  TOLLGATE_URL  The address of the gateway. The default is http:// with HOST and PORT.
  ADMIN_TOKEN   The token of the gateway, or a token from "tokens create". ADMIN_TOKEN_FILE names a file that holds it.

Exit codes: 0 success; 1 the gateway refused, did not respond or does not verify, or an upstream does not work; 2 the command line is wrong.
Help for one command: tollgate clients create --help
Shell completion: tollgate completion bash`

export interface Output {
  out(text: string): void
  err(text: string): void
}

/** `run` receives the parsed command. Usage errors are printed to `err` and thrown as a CommanderError. */
export function createProgram(
  { out, err }: Output,
  run: (command: Command, input: Input, json: boolean) => Promise<void>,
): Commander {
  const onExit = (command: Commander) => (error: CommanderError) => {
    const text = usageErrorText(error, command)
    if (text !== undefined) err(text)
    throw error
  }
  const program = new Commander('tollgate')
    .description('Administers a Tollgate gateway.')
    .version(`tollgate ${manifest.version}`, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .enablePositionalOptions()
    .configureOutput({
      writeOut: text => out(text.trimEnd()),
      writeErr: text => err(text.trimEnd()),
      outputError: () => {},
    })
    .configureHelp({
      helpWidth: 160,
      visibleCommands: leaves,
      subcommandTerm: command => `${pathOf(command)} ${argumentsOf(command)}`.trim(),
    })
    .addHelpText('after', environment)
  program.exitOverride(onExit(program))
  const groups = new Map<string, Commander>()
  for (const command of commands) {
    const [noun = '', verb] = command.name.split(' ')
    const group = groups.get(noun) ?? program.command(noun)
    groups.set(noun, group.exitOverride(onExit(group)))
    const target = verb === undefined ? group : group.command(verb)
    declare(target.exitOverride(onExit(target)), command, run)
  }
  return program
}

function declare(target: Commander, command: Command, run: Parameters<typeof createProgram>[1]): void {
  target.description(`${command.about}.`).summary(command.about)
  for (const name of command.args) target.argument(`<${name}>`, '', checked(command, name))
  for (const [name, option] of Object.entries(command.options))
    target.addOption(optionOf(name, option, command))
  target
    .option('--json', 'print the response as JSON')
    .addHelpText('after', `\nFor example:\n${command.examples.map(line => `  tollgate ${line}`).join('\n')}`)
    .action(() => run(command, inputOf(target, command), target.getOptionValue('json') === true))
}

function optionOf(
  name: string,
  { value, values, isList, about, multiple }: Declared,
  command: Command,
): Option {
  const example = value ?? values?.join(isList ? ',' : '|')
  if (example === undefined) return new Option(`--${name}`, about)
  const listed = value !== undefined && values ? `: ${values.join(', ')}` : ''
  return new Option(`--${name} <${example}>`, about + listed).argParser(
    (text: string, before: string[] = []) => {
      if (before.length > 0 && !multiple)
        throw usageError(`--${name} is given twice, expected once. ${seeHelp(command.name)}`)
      return [...before, text]
    },
  )
}

function inputOf(target: Commander, { args, options }: Command): Input {
  const given = target.options.flatMap(option => {
    const name = option.long?.slice(2) ?? ''
    const value = target.getOptionValue(option.attributeName())
    return name in options && value !== undefined ? [[name, value] as const] : []
  })
  return {
    args: Object.fromEntries(args.map((name, i) => [name, target.args[i] ?? ''])),
    texts: Object.fromEntries(given.filter(([, value]) => Array.isArray(value))),
    flags: new Set(given.flatMap(([name, value]) => (value === true ? [name] : []))),
  }
}

function checked({ name, argValues }: Command, argument: string) {
  const values = argValues?.[argument]
  return (text: string) => {
    if (text !== '' && (!values || values.includes(text))) return text
    const expected = values ? values.join(', ') : `<${argument}>`
    throw usageError(`${name}: found ${JSON.stringify(text)}, expected ${expected}. ${seeHelp(name)}`)
  }
}

/** All commands below `command` that can run. */
function leaves(command: Commander): Commander[] {
  return command.commands.flatMap(one => [...(one.summary() ? [one] : []), ...leaves(one)])
}
