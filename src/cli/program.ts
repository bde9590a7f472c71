/** Builds the commander program from the table of commands. */

import { Command as Commander, Help, InvalidArgumentError, Option } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import type { Command, Input } from './command.ts'
import { commands } from './commands.ts'

const environment = `
Environment, or .env:
  TOLLGATE_URL  the address of the gateway; default: http:// with its HOST and PORT
  ADMIN_TOKEN   the token of the gateway, or one made with tokens create; ADMIN_TOKEN_FILE: a file with it

Exit code: 0 done; 1 the gateway refused, did not respond, or does not verify; 2 wrongly used.
Help on a command: tollgate clients create --help`

export interface Output {
  out(text: string): void
  err(text: string): void
}

/** `run` gets the parsed command. Usage errors throw a CommanderError, after `err` got their text. */
export function createProgram(
  { out, err }: Output,
  run: (command: Command, input: Input, json: boolean) => Promise<void>,
): Commander {
  const program = new Commander('tollgate')
    .description('Administration of a Tollgate gateway.')
    .version(`tollgate ${manifest.version}`, '--version')
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError()
    .configureOutput({ writeOut: text => out(text.trimEnd()), writeErr: text => err(text.trimEnd()) })
    .configureHelp({
      helpWidth: 160,
      // Only for the text: commander looks up suggestions in the default list.
      formatHelp: (command, helper) => {
        helper.visibleCommands = leaves
        return Help.prototype.formatHelp.call(helper, command, helper)
      },
      subcommandTerm: command =>
        [pathOf(command), ...command.registeredArguments.map(argument => `<${argument.name()}>`)].join(' '),
    })
    .addHelpText('after', environment)
  const groups = new Map<string, Commander>()
  for (const command of commands) {
    const [noun = '', verb] = command.name.split(' ')
    const group = groups.get(noun) ?? program.command(noun)
    groups.set(noun, group)
    declare(verb === undefined ? group : group.command(verb), command, run)
  }
  return program
}

function declare(target: Commander, command: Command, run: Parameters<typeof createProgram>[1]): void {
  target.description(`${command.about}.`).summary(command.about)
  for (const name of command.args) target.argument(`<${name}>`, '', notEmpty)
  for (const [name, { value, about, multiple }] of Object.entries(command.options)) {
    const option = new Option(value === undefined ? `--${name}` : `--${name} <${value}>`, about)
    if (value !== undefined) option.argParser(collect(multiple ?? false))
    target.addOption(option)
  }
  target
    .option('--json', 'print the response as JSON')
    .showHelpAfterError(`See tollgate ${command.name} --help.`)
    .addHelpText('after', `\nFor example:\n${command.examples.map(line => `  tollgate ${line}`).join('\n')}`)
    .action(() => run(command, inputOf(target, command), target.getOptionValue('json') === true))
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

function collect(multiple: boolean) {
  return (text: string, before: string[] = []) => {
    if (before.length > 0 && !multiple) throw new InvalidArgumentError('It is given twice; give it once.')
    return [...before, text]
  }
}

function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('Found nothing, expected a value.')
  return text
}

function pathOf(command: Commander): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** Every command below `command` that can run. */
function leaves(command: Commander): Commander[] {
  return [...command.commands].flatMap(one => [...(one.summary() ? [one] : []), ...leaves(one)])
}
